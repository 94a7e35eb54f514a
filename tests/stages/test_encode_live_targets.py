"""What a user types for a live output, and what is said about it before the stream begins."""

import os
import time
from pathlib import Path

import pytest

from stages.encode.live.config import FolderConfig
from stages.encode.live.lane import Lane
from stages.encode.live.output import Output
from stages.encode.live.targets import is_live, open_outputs
from stages.errors import OptionError, SinkError
from tests.clips import Clip
from tests.stages.live import Taker, coded

URLS: list[str] = []


def push(url: str) -> Output:
    URLS.append(url)
    return Taker()


def opened(*targets: str, config: FolderConfig = FolderConfig()) -> tuple[Output, ...]:  # noqa: B008
    return open_outputs(targets, config, push)


def test_every_kind_of_output_is_known(tmp_path: Path):
    URLS.clear()
    targets = ("rtsp://user:pw@host/a", "rtmp://host/live/key", f"hls:{tmp_path}/h", f"record:{tmp_path}/r")
    outputs = opened(*targets, f"{tmp_path}/www/now.m3u8")
    assert [type(output) for output in outputs] == [Taker, Taker, Lane, Lane, Lane]
    assert list(targets[:2]) == URLS
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h", "r", "www"]
    assert all(is_live(target) for target in targets)
    assert not any(is_live(target) for target in ("clean.mp4", "folder/", "-", "a:b.mkv"))


def test_a_playlist_of_any_name_is_written_under_it(tmp_path: Path):
    info, packets = coded(Clip(frames=30), gop_s=0.4)
    outputs = opened(f"{tmp_path}/www/now.m3u8", f"hls:{tmp_path}/h", config=FolderConfig(segment_s=0.4))
    for output in outputs:
        output.begin(info)
        for packet in packets:
            output.put(packet)
        output.end()
        output.join(time.monotonic() + 20)
    assert (tmp_path / "www/now.m3u8").exists()
    assert (tmp_path / "h/stream.m3u8").exists()


@pytest.mark.parametrize(
    ("target", "error", "said"),
    [
        ("clean.mp4", OptionError, "clean.mp4 is not a live output; a URL, hls:FOLDER"),
        ("hls:", OptionError, "hls: names no folder; hls:FOLDER would"),
        ("record:", OptionError, "record: names no folder"),
        ("ftp://user:pw@host/x", OptionError, "ftp:// cannot be sent to; rtsp://, rtsps://, rtmp://"),
        ("rtsp://", OptionError, "rtsp:// names no server"),
        ("rtsp://user:pw@/", OptionError, "rtsp:// names no server"),
        ("hls:{tmp}/no/such/folder", SinkError, "cannot be made: No such file or directory"),
        ("record:{tmp}/file", SinkError, "file is a file; a folder was expected"),
        ("hls:/proc/clean", SinkError, "/proc/clean cannot be made"),
    ],
)
def test_what_can_never_work_is_said_at_once_and_without_secrets(
    tmp_path: Path, target: str, error: type[Exception], said: str
):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(error, match=said) as caught:
        opened(target.format(tmp=tmp_path))
    assert "pw" not in str(caught.value)


def test_srt_is_refused_where_ffmpeg_was_built_without_it():
    try:
        opened("srt://host:9000")
    except OptionError as error:
        assert str(error) == "srt:// cannot be sent to: the FFmpeg of this PyAV was built without it"  # noqa: PT017


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_at_once(tmp_path: Path):
    (tmp_path / "mine").mkdir(mode=0o500)
    with pytest.raises(SinkError, match="mine cannot be written: no permission"):
        opened(f"hls:{tmp_path}/mine")


@pytest.mark.parametrize("pair", [("hls:{tmp}", "record:{tmp}"), ("hls:{tmp}", "{tmp}/a.m3u8"), ("rtsp://a/b",) * 2])
def test_one_place_holds_one_stream(tmp_path: Path, pair: tuple[str, str]):
    with pytest.raises(OptionError, match="is asked for twice; one place can hold one stream"):
        opened(*(target.format(tmp=tmp_path) for target in pair))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (FolderConfig(suffix=".avi"), "recordings cannot be .avi; .mp4 or .mov or .mkv would do"),
        (FolderConfig(segment_s=0), "lengths are above 0"),
        (FolderConfig(segments=0), "a playlist names a segment"),
        (FolderConfig(most_bytes=-1), "bounds at least 0"),
    ],
)
def test_a_bound_that_is_none_is_refused(tmp_path: Path, config: FolderConfig, said: str):
    with pytest.raises(OptionError, match=said):
        opened(f"hls:{tmp_path}", config=config)
