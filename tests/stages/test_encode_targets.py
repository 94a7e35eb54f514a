"""What can be known to be wrong with an output before the first frame."""

import os
from pathlib import Path

import pytest

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.encode.targets import check_target, partial_path
from stages.errors import OptionError, SinkError
from tests.clips import Clip
from tests.stages.encoded import synthetic, times


def check(target: Path | str, source: Path | str = "camera", **config: object) -> None:
    check_target(str(target), EncodeConfig(**config), str(source))


@pytest.mark.parametrize("name", ["out.mp4", "out.MKV", "out.webm", "out.mov", "out.ts", "out.nut", "out.avi", "out/"])
def test_a_new_name_is_fine(tmp_path: Path, name: str):
    check(f"{tmp_path}/{name}")


def test_stdout_is_fine():
    check("-")


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path):
    target = tmp_path / "out.mp4"
    target.write_text("precious")
    with pytest.raises(SinkError, match=r"out\.mp4 already exists; --force overwrites it"):
        list(encode(synthetic(Clip()), str(target), EncodeConfig()))
    assert target.read_text() == "precious"
    list(encode(synthetic(Clip()), str(target), EncodeConfig(force=True)))
    assert len(times(target)) == 13


def test_a_partial_file_is_not_overwritten(tmp_path: Path):
    partial = partial_path(str(tmp_path / "out.mp4"))
    partial.write_text("an hour of work")
    with pytest.raises(SinkError, match=r"out\.partial\.mp4 already exists; --force overwrites it"):
        list(encode(synthetic(Clip()), str(tmp_path / "out.mp4"), EncodeConfig()))
    assert partial.read_text() == "an hour of work"
    list(encode(synthetic(Clip()), str(tmp_path / "out.mp4"), EncodeConfig(force=True)))
    assert not partial.exists()


@pytest.mark.parametrize("link", [False, True])
def test_the_input_is_not_overwritten_even_by_force(tmp_path: Path, link: bool):
    source = tmp_path / "in.mp4"
    source.touch()
    target = tmp_path / "other.mp4" if link else source
    if link:
        os.link(source, target)
    with pytest.raises(SinkError, match="is the input itself"):
        check(target, source, force=True)


def test_a_folder_of_images_is_not_written_into_itself(tmp_path: Path):
    with pytest.raises(SinkError, match="is the input itself"):
        check(tmp_path, tmp_path, force=True)


@pytest.mark.parametrize(
    ("name", "found"), [("out.xyz", "the suffix .xyz of"), ("out", "has no suffix"), ("out.png", "the suffix .png of")]
)
def test_an_unknown_suffix_is_a_sentence(tmp_path: Path, name: str, found: str):
    with pytest.raises(SinkError, match=rf"{found}.*\.mp4, .*or a folder"):
        check(tmp_path / name)


@pytest.mark.parametrize("name", ["gone/out.mp4", "gone/pictures/"])
def test_a_missing_parent_is_a_sentence(tmp_path: Path, name: str):
    with pytest.raises(SinkError, match=r"cannot be written: there is no folder .*gone"):
        check(f"{tmp_path}/{name}")


@pytest.mark.parametrize("name", ["out.mp4", "out.partial.mp4"])
def test_a_folder_in_the_way_is_a_sentence(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    with pytest.raises(SinkError, match=f"{name} is a folder; a name that ends with / would"):
        check(tmp_path / "out.mp4", force=True)


def test_a_file_in_the_way_of_a_folder_is_a_sentence(tmp_path: Path):
    (tmp_path / "out").touch()
    with pytest.raises(SinkError, match="out is a file; a folder for the pictures was expected"):
        check(f"{tmp_path}/out/")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("name", ["out.mp4", "pictures/", ""])
def test_a_place_without_permission_is_a_sentence(tmp_path: Path, name: str):
    tmp_path.chmod(0o500)
    with pytest.raises(SinkError, match="cannot be written: no permission"):
        check(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"codec": "divx9"}, "there is no encoder divx9; h264, hevc, .* would do"),
        ({"codec": "aac"}, "there is no encoder aac"),
        ({"codec": "h264"}, r"codec h264 cannot be used in .*out\.webm; libvpx-vp9 or a \.mkv would do"),
        ({"codec": "vp9", "crf": 64}, r"crf 64 cannot be used with libvpx-vp9: 0 \(best\) to 63 expected"),
        ({"codec": "vp9", "preset": "fast"}, "preset fast cannot be used with libvpx-vp9: one of 0, 1"),
    ],
)
def test_a_choice_that_cannot_be_is_a_sentence(tmp_path: Path, config: dict[str, object], sentence: str):
    with pytest.raises(OptionError, match=sentence):
        check(tmp_path / "out.webm", **config)
