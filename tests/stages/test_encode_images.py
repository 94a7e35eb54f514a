"""A folder of PNGs."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.errors import OptionError, SinkError
from tests.clips import Clip, planes
from tests.stages.encoded import synthetic
from transport.messages import CleanFrame, Frame, PictureFormat, StreamInfo, Written

# ITU-R BT.601, BT.709 and BT.2020: how much of luma is red, and blue.
WEIGHTS = {5: (0.299, 0.114), 1: (0.2126, 0.0722), 9: (0.2627, 0.0593)}


def read(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels[..., ::-1] if pixels.ndim == 3 else pixels


def flat(picture: PictureFormat, yuv: tuple[int, int, int]) -> list[StreamInfo | CleanFrame]:
    """A clip of one frame of one colour."""
    info, clean = synthetic(Clip(width=picture.width, height=picture.height, frames=1), format=picture)
    dtype = clean.frame.planes[0].dtype
    colours = tuple(np.full(plane.shape, value, dtype) for plane, value in zip(clean.frame.planes, yuv, strict=True))
    frame = Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=colours)
    return [info, CleanFrame(frame=frame, patch=clean.patch)]


def to_rgb(yuv: tuple[int, int, int], matrix: int, bits: int, *, full: bool) -> np.ndarray:
    """The formulas of BT.601 and its kin, 0 to 1."""
    red, blue = WEIGHTS[matrix]
    scale = 1 << (bits - 8)
    low, height, width = (
        (0, 255 * scale + scale - 1, 255 * scale + scale - 1) if full else (16 * scale, 219 * scale, 224 * scale)
    )
    y, u, v = (yuv[0] - low) / height, (yuv[1] - 128 * scale) / width, (yuv[2] - 128 * scale) / width
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return np.clip([r, (y - red * r - blue * b) / (1 - red - blue), b], 0, 1)


@pytest.mark.parametrize("matrix", [5, 1, 9])
@pytest.mark.parametrize("color_range", [1, 2])
@pytest.mark.parametrize("bits", [8, 10])
def test_colours_come_out_by_the_frames_own_matrix_and_range(tmp_path: Path, matrix: int, color_range: int, bits: int):
    yuv = tuple(value << (bits - 8) for value in (120, 90, 170))
    name = "yuv420p" if bits == 8 else "yuv420p10le"
    picture = PictureFormat(width=63, height=37, pixel_format=name, color_range=color_range, matrix=matrix)
    list(encode(flat(picture, yuv), f"{tmp_path}/out/", EncodeConfig()))
    pixels = read(tmp_path / "out" / "00000.png")
    assert pixels.shape == (37, 63, 3)
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    wanted = to_rgb(yuv, matrix, bits, full=color_range == 2) * np.iinfo(pixels.dtype).max
    tolerance = 1.5 if bits == 8 else 100  # of 65535, which is 0.4 of 255: swscale computes in 15 bits
    assert np.abs(pixels - wanted).max() < tolerance


@pytest.mark.parametrize(("height", "matrix"), [(480, 5), (720, 1)])
def test_unspecified_colour_is_guessed_by_size_as_players_do(tmp_path: Path, height: int, matrix: int):
    picture = PictureFormat(width=64, height=height, pixel_format="yuv420p")
    list(encode(flat(picture, (120, 90, 170)), f"{tmp_path}/out/", EncodeConfig()))
    wanted = to_rgb((120, 90, 170), matrix, 8, full=False) * 255
    assert np.abs(read(tmp_path / "out" / "00000.png") - wanted).max() < 1.5


@pytest.mark.parametrize("pixel_format", ["rgb24", "bgr24", "gbrp", "bgra"])
def test_rgb_is_not_touched(tmp_path: Path, pixel_format: str):
    clip = Clip(width=63, height=37, pixel_format=pixel_format, frames=3)
    list(encode(synthetic(clip), f"{tmp_path}/out/", EncodeConfig()))
    for seq in range(3):
        found = read(tmp_path / "out" / f"0000{seq}.png")
        wanted = planes(seq, Clip(width=63, height=37, pixel_format="rgb24").format)[0].reshape(37, 63, 3)
        assert np.array_equal(found, wanted)


def test_white_of_ten_bits_is_white_of_sixteen(tmp_path: Path):
    picture = PictureFormat(width=16, height=16, pixel_format="gbrp10le")
    list(encode(flat(picture, (1023, 1023, 0)), f"{tmp_path}/out/", EncodeConfig()))
    assert (read(tmp_path / "out" / "00000.png") == (0, 65535, 65535)).all()


def test_grey_stays_grey(tmp_path: Path):
    list(encode(synthetic(Clip(pixel_format="gray", frames=1)), f"{tmp_path}/out/", EncodeConfig()))
    assert np.array_equal(read(tmp_path / "out" / "00000.png"), planes(0, Clip(pixel_format="gray").format)[0])


def test_pictures_stand_upright(tmp_path: Path):
    """PNG cannot say how it is to be turned; 90 is counter-clockwise, so the right edge comes to the top."""
    picture = PictureFormat(width=64, height=48, pixel_format="gray", rotation=90)
    list(encode(synthetic(Clip(pixel_format="gray", frames=1), format=picture), f"{tmp_path}/out/", EncodeConfig()))
    found = read(tmp_path / "out" / "00000.png")
    assert found.shape == (64, 48)
    assert np.array_equal(found[0], planes(0, picture)[0][:, -1])


def test_there_is_a_picture_for_every_frame_and_nothing_else(tmp_path: Path):
    said = list(encode(synthetic(Clip()), f"{tmp_path}/out/", EncodeConfig()))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{seq:05}.png" for seq in range(13)]
    assert said[3] == Written(frames=4, durable=4)
    assert said[-1] == Written(frames=13, durable=13)


def test_a_folder_of_images_becomes_one_when_the_name_has_no_suffix(tmp_path: Path):
    list(encode(synthetic(Clip(frames=2), container="image2"), str(tmp_path / "out"), EncodeConfig()))
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_long_streams_get_longer_numbers(tmp_path: Path):
    list(encode(synthetic(Clip(frames=1), frames=200_000), f"{tmp_path}/out/", EncodeConfig()))
    assert (tmp_path / "out" / "000000.png").exists()


def test_pictures_that_are_there_are_not_overwritten(tmp_path: Path):
    (tmp_path / "00007.png").touch()
    with pytest.raises(SinkError, match="already holds numbered pictures; --force overwrites them"):
        list(encode(synthetic(Clip()), str(tmp_path), EncodeConfig()))
    list(encode(synthetic(Clip()), str(tmp_path), EncodeConfig(force=True)))
    assert (tmp_path / "00007.png").stat().st_size > 0


def test_a_codec_for_pictures_is_a_sentence(tmp_path: Path):
    with pytest.raises(OptionError, match="is a folder of PNGs, which have no codec, crf or preset to choose"):
        list(encode(synthetic(Clip()), f"{tmp_path}/out/", EncodeConfig(codec="h264")))


def test_a_folder_that_vanishes_is_a_sentence(tmp_path: Path):
    stage = encode(synthetic(Clip()), f"{tmp_path}/out/", EncodeConfig())
    next(stage)
    (tmp_path / "out" / "00000.png").unlink()
    (tmp_path / "out").rmdir()
    with pytest.raises(SinkError, match=r"00001\.png could not be written: No such file.*frames up to 0 are kept"):
        next(stage)
