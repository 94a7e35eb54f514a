"""Which encoder and pixel format: the nearest to the source that the target can hold, or a sentence."""

import logging
from pathlib import Path

import av
import numpy as np
import pytest

from stages.encode.choice import choose
from stages.encode.codecs import ENCODERS, encoders
from stages.encode.config import EncodeConfig
from stages.encode.containers import container_of
from stages.encode.encode import encode
from stages.encode.pictures import arranged, cost, neighbours
from stages.errors import OptionError, SinkError
from stages.pixels import component
from tests.clips import Clip, message
from tests.stages.encoded import info_in, info_of, synthetic


def chosen(clip: Clip, suffix: str, config: EncodeConfig = EncodeConfig(), **other: object) -> tuple[str, str]:  # noqa: B008
    choice = choose(info_of(clip, **other), container_of(f"out.{suffix}"), config)
    return choice.encoder.name, choice.pixel_format


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix", "wanted"),
    [
        ("h264", "yuv420p", "mp4", ("libx264", "yuv420p")),
        ("h264", "yuvj420p", "mov", ("libx264", "yuvj420p")),
        ("h264", "nv12", "mkv", ("libx264", "nv12")),
        ("h264", "gbrp", "mkv", ("libx264rgb", "bgr0")),
        ("h264", "yuv420p10le", "mp4", ("libx264", "yuv420p10le")),
        ("h264", "yuv420p", "webm", ("libvpx-vp9", "yuv420p")),
        ("h264", "yuv420p", "avi", ("mpeg4", "yuv420p")),
        ("hevc", "p010le", "mp4", ("libx265", "yuv420p10le")),
        ("hevc", "yuv420p12le", "mkv", ("libx265", "yuv420p12le")),
        ("av1", "yuv420p", "mp4", ("libsvtav1", "yuv420p")),
        ("vp9", "yuv420p", "webm", ("libvpx-vp9", "yuv420p")),
        ("vp8", "yuv420p", "webm", ("libvpx", "yuv420p")),
        ("mpeg4", "yuv420p", "avi", ("mpeg4", "yuv420p")),
        ("mpeg2video", "yuv420p", "ts", ("mpeg2video", "yuv420p")),
        ("mjpeg", "yuvj422p", "mov", ("mjpeg", "yuvj422p")),
        ("prores", "yuv422p10le", "mov", ("prores_ks", "yuv422p10le")),
        ("prores", "yuv444p12le", "mov", ("libx265", "yuv444p12le")),
        ("ffv1", "yuv420p", "mkv", ("ffv1", "yuv420p")),
        ("utvideo", "yuv422p", "mkv", ("ffv1", "yuv422p")),
        ("theora", "yuv420p", "mkv", ("libx264", "yuv420p")),
        ("wmv3", "yuv420p", "mp4", ("libx264", "yuv420p")),
    ],
)
def test_the_source_decides(codec: str, pixel_format: str, suffix: str, wanted: tuple[str, str]):
    assert chosen(Clip(codec=codec, pixel_format=pixel_format), suffix) == wanted


def test_a_folder_of_images_becomes_a_video_and_not_a_row_of_images():
    clip = Clip(codec="mjpeg", pixel_format="yuvj420p")
    assert chosen(clip, "mp4", container="image2") == ("libx264", "yuvj420p")


@pytest.mark.parametrize(
    ("name", "encoder"),
    [("h264", "libx264"), ("hevc", "libx265"), ("av1", "libsvtav1"), ("vp9", "libvpx-vp9"), ("libx265", "libx265")],
)
def test_the_user_decides(name: str, encoder: str):
    assert chosen(Clip(), "mkv", EncodeConfig(codec=name))[0] == encoder


def test_any_other_encoder_of_ffmpegs_can_be_named():
    assert chosen(Clip(), "mkv", EncodeConfig(codec="jpeg2000")) == ("jpeg2000", "yuv420p")


@pytest.mark.parametrize(
    ("codec", "pixel_format"), [("h264", "yuv444p"), ("vp9", "yuv420p"), ("mpeg4", "yuv420p"), ("ffv1", "yuv420p")]
)
def test_an_odd_size_is_neither_cropped_nor_padded(tmp_path: Path, codec: str, pixel_format: str):
    target = tmp_path / "out.mkv"
    clip = Clip(width=63, height=37, codec=codec)
    assert chosen(clip, "mkv")[1] == pixel_format
    list(encode(synthetic(clip), str(target), EncodeConfig()))
    found = info_in(target).format
    assert (found.width, found.height) == (63, 37)


LARGE = Clip(pixel_format="yuv422p", width=128, height=128)


@pytest.mark.parametrize(
    ("codec", "suffix", "clip", "reason", "advice"),
    [
        ("h264", "webm", Clip(), "webm cannot hold libx264rgb", "libsvtav1, libvpx-vp9, libvpx"),
        (
            "av1",
            "mkv",
            LARGE,
            "libsvtav1 cannot hold yuv422p without loss",
            "libx264, libx265, libvpx-vp9, .*, ffv1, .*",
        ),
        ("prores", "mov", Clip(pixel_format="rgb24"), "prores_ks cannot hold rgb24 without loss", "libx264rgb, .*"),
    ],
)
def test_a_codec_that_cannot_be_is_a_sentence_that_says_which_can(
    codec: str, suffix: str, clip: Clip, reason: str, advice: str
):
    with pytest.raises(OptionError, match=f"codec {codec} cannot be used: {reason}; {advice} would do"):
        chosen(clip, suffix, EncodeConfig(codec=codec))


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (EncodeConfig(crf=70), r"crf 70 cannot be used with libx264: 0 \(best\) to 51 expected"),
        (EncodeConfig(codec="ffv1", crf=3), "crf 3 cannot be used with ffv1, which has no such setting"),
        (EncodeConfig(preset="swift"), "preset swift cannot be used with libx264: one of ultrafast, .* would do"),
        (EncodeConfig(codec="ffv1", preset="fast"), "preset fast cannot be used with ffv1: it has none"),
    ],
)
def test_a_setting_that_cannot_be_is_a_sentence_that_says_which_can(config: EncodeConfig, sentence: str):
    with pytest.raises(OptionError, match=sentence):
        chosen(Clip(), "mkv", config)


def test_a_graphics_card_that_is_not_there_is_a_sentence():
    try:
        context = av.CodecContext.create("h264_nvenc", "w")
        context.width, context.height, context.pix_fmt = 256, 256, "yuv420p"
        context.open()
    except av.error.FFmpegError:
        with pytest.raises(
            SinkError, match=r"codec nvenc needs an NVIDIA GPU with an encoder: .*; libx264, .* would do"
        ):
            chosen(Clip(), "mp4", EncodeConfig(codec="nvenc"))
    else:
        assert chosen(Clip(width=256, height=256), "mp4", EncodeConfig(codec="nvenc")) == ("h264_nvenc", "yuv420p")


def test_quality_and_preset_reach_the_encoder(tmp_path: Path):
    sizes = []
    for config in (EncodeConfig(), EncodeConfig(crf=40), EncodeConfig(crf=40, preset="slower")):
        target = tmp_path / f"{len(sizes)}.mkv"
        list(encode(synthetic(Clip(frames=30)), str(target), config))
        sizes.append(target.stat().st_size)
    assert sizes[1] < sizes[0] / 1.5
    assert sizes[2] != sizes[1]


def test_lost_transparency_is_complained_of(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert chosen(Clip(pixel_format="bgra", codec="h264"), "mkv") == ("libx264rgb", "bgr0")
    assert "libx264rgb cannot hold the source's transparency, which is left out" in caplog.messages


def test_every_row_of_the_table_is_an_encoder_that_is_there():
    for row in ENCODERS:
        assert av.codec.Codec(row.name, "w").type == "video"
        assert row.best <= row.default <= row.worst
        assert not row.presets or row.preset in row.presets
        assert encoders(row.name)[0] == row


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("yuv420p10le", "yuv420p"),
        ("yuv444p", "yuv420p"),
        ("rgb24", "yuv444p"),
        ("yuv420p", "gbrp"),
        ("gray16le", "gray"),
        ("yuv420p", "gray"),
        ("yuv420p", "pal8"),
    ],
)
def test_nothing_that_loses_is_a_neighbour(old: str, new: str):
    assert cost(old, new) is None


def test_neighbours_are_the_nearest_first():
    offered = ("yuv444p", "yuv420p10le", "yuv422p", "nv12", "yuva420p", "gbrp", "yuv420p")
    assert neighbours("yuv420p", offered)[:3] == ("yuv420p", "nv12", "yuv422p")
    assert "gbrp" not in neighbours("yuv420p", offered)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nv12", "yuv420p"),
        ("yuv420p", "nv12"),
        ("nv21", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("rgb24", "gbrp"),
        ("bgr24", "bgr0"),
        ("gbrp10le", "rgb48le"),
        ("yuv420p", "yuv444p"),
        ("yuv411p", "yuv422p"),
        ("yuv420p", "yuv420p10le"),
        ("gray", "yuv420p"),
    ],
)
def test_rearranging_keeps_every_sample(old: str, new: str):
    frame = message(5, Clip(width=63, height=37, pixel_format=old).format, 0)
    moved = message(0, Clip(width=63, height=37, pixel_format=new).format, 0)
    moved = type(moved)(seq=5, pts=0, duration=0, key=True, format=moved.format, planes=arranged(frame, new))
    shifts = {"p010le": 6}
    bits = {"yuv420p10le": 10, "p010le": 10, "gbrp10le": 10, "rgb48le": 16}
    for letter in "Y" if old == "gray" else "RGB" if old[0] in "rgb" else "YUV":
        before, after = component(frame, letter) >> shifts.get(old, 0), component(moved, letter)
        assert after.shape[0] % before.shape[0] in (0, after.shape[0] - before.shape[0])
        down, across = -(-after.shape[0] // before.shape[0]), -(-after.shape[1] // before.shape[1])
        up = bits.get(new, 8) - bits.get(old, 8)
        assert np.array_equal(after[::down, ::across] >> up, before)
    if old == "gray":
        assert (component(moved, "U") == 128).all()
