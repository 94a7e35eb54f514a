"""Frames and patches in, a file out: order, identity of what was not touched, the patch where it was."""

from pathlib import Path

import numpy as np
import pytest

from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.encode.pictures import arranged
from stages.encode.targets import partial_path
from stages.errors import SinkError
from stages.pixels import align, blend, layout
from tests.clips import Clip, make, message, number, planes
from tests.stages.encoded import cleaned, frames_of, info_of, synthetic, untouched, written
from transport.messages import Box, CleanFrame, Frame, Mask, Patch, PictureFormat, Written

FORMATS = (
    "yuv420p",
    "yuv422p10le",
    "yuv444p",
    "nv12",
    "rgb24",
    "gbrp",
    "gray",
    "p010le",
    "yuv411p",
    "gbrp10le",
    "bgra",
)


def grey(frame: Frame) -> Patch:
    """A patch in the middle of the frame: solid inside, soft at its left edge, nothing at its right."""
    box = align(Box(x=13, y=9, width=21, height=11), frame.format)
    lay = layout(frame.format.pixel_format)
    alpha = np.full((box.height, box.width), 255, np.uint8)
    alpha[:, :4], alpha[:, -4:] = 77, 0
    value = (90 + frame.seq) << (lay.bits - 8)
    pixels = np.full((box.height, box.width * len(lay.components)), value, lay.dtype)
    return Patch(seq=frame.seq, mask=Mask(box=box, alpha=alpha), pixels=pixels)


def same_samples(one: Frame, other: Frame, pixel_format: str) -> bool:
    """Whether two frames hold the same samples, wherever they lie in memory."""
    pairs = zip(arranged(one, pixel_format), arranged(other, pixel_format), strict=True)
    return all(np.array_equal(old, new) for old, new in pairs)


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(64, 48), (63, 37)])
def test_with_a_lossless_codec_only_the_patch_differs(tmp_path: Path, pixel_format: str, width: int, height: int):
    clip = Clip(width=width, height=height, pixel_format=pixel_format, codec="ffv1", frames=5)
    target = tmp_path / "out.mkv"
    list(encode(synthetic(clip, grey), str(target), EncodeConfig()))
    found = frames_of(target)
    assert len(found) == 5
    for seq, frame in enumerate(found):
        source = message(seq, clip.format, frame.pts)
        patch = grey(source)
        assert patch.pixels is not None
        wanted = blend(source, patch.mask.box, patch.pixels, patch.mask.alpha)
        expected = Frame(seq=seq, pts=0, duration=0, key=False, format=clip.format, planes=wanted)
        assert same_samples(frame, expected, frame.format.pixel_format)
        assert not same_samples(frame, source, frame.format.pixel_format)


def test_outside_the_alpha_every_bit_is_the_sources(tmp_path: Path):
    """Not by the blend that encode uses itself: by place."""
    clip = Clip(width=63, height=37, codec="ffv1", frames=3)
    list(encode(synthetic(clip, grey), str(tmp_path / "out.mkv"), EncodeConfig()))
    for seq, frame in enumerate(frames_of(tmp_path / "out.mkv")):
        box = grey(frame).mask.box
        for new, old, grid in zip(frame.planes, planes(seq, clip.format), (1, 2, 2), strict=True):
            outside = np.ones(old.shape, bool)
            outside[box.y // grid : (box.y + box.height) // grid, box.x // grid : (box.x + box.width - 4) // grid] = (
                False
            )
            assert np.array_equal(new[outside], old[outside])
        solid = frame.planes[0][box.y : box.y + box.height, box.x + 4 : box.x + box.width - 4]
        assert (solid == 90 + seq).all()


@pytest.mark.parametrize("frames", [1, 5, 13])
def test_a_file_goes_through_and_nothing_is_lost(tmp_path: Path, frames: int):
    source = make(tmp_path / "in.mp4", Clip(frames=frames, audio=("aac",)))
    written(source, tmp_path / "out.mp4")
    assert [number(frame) for frame in frames_of(tmp_path / "out.mp4")] == list(range(frames))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_picture_looks_as_it_did(tmp_path: Path, suffix: str):
    """The default quality is meant to be visually lossless: above 42 dB even on this fine-grained texture."""
    source = make(tmp_path / "in.mkv", Clip(codec="ffv1", width=128, height=96))
    target = tmp_path / f"out.{suffix}"
    list(encode(cleaned(source), str(target), EncodeConfig(codec="h264")))
    for old, new in zip(frames_of(source), frames_of(target), strict=True):
        error = np.square(old.planes[0].astype(float) - new.planes[0]).mean()
        assert 10 * np.log10(255**2 / error) > 42


def test_every_frame_is_counted_and_the_last_word_is_that_all_are_durable(tmp_path: Path):
    said = list(encode(synthetic(Clip()), str(tmp_path / "out.mkv"), EncodeConfig()))
    assert [progress.frames for progress in said] == [*range(1, 14), 13]
    assert all(progress.durable <= progress.frames for progress in said)
    assert said[-1] == Written(frames=13, durable=13)


def test_until_it_is_complete_the_file_has_another_name(tmp_path: Path):
    target = tmp_path / "clean.mp4"
    stage = encode(synthetic(Clip()), str(target), EncodeConfig())
    next(stage)
    assert [path.name for path in tmp_path.iterdir()] == ["clean.partial.mp4"]
    list(stage)
    assert [path.name for path in tmp_path.iterdir()] == ["clean.mp4"]
    assert partial_path("a/clean.tar.mp4") == Path("a/clean.tar.partial.mp4")


def test_a_stream_without_frames_replaces_nothing(tmp_path: Path):
    (tmp_path / "out.mkv").write_bytes(b"precious")
    assert list(encode(synthetic(Clip(frames=0)), str(tmp_path / "out.mkv"), EncodeConfig(force=True))) == []
    assert (tmp_path / "out.mkv").read_bytes() == b"precious"


@pytest.mark.parametrize("wrong", [0, 2])
def test_a_frame_out_of_order_is_refused(tmp_path: Path, wrong: int):
    clip = Clip()
    clean = [
        CleanFrame(frame=frame, patch=untouched(frame))
        for frame in (message(seq, clip.format, seq) for seq in (0, wrong))
    ]
    with pytest.raises(ValueError, match=f"frame {wrong} came where frame 1 was expected"):
        list(encode([info_of(clip), *clean], str(tmp_path / "out.mkv"), EncodeConfig()))


def test_a_stream_begins_with_its_description(tmp_path: Path):
    with pytest.raises(ValueError, match="a stream begins with a StreamInfo, NoneType found"):
        list(encode([], str(tmp_path / "out.mkv"), EncodeConfig()))


def test_a_picture_that_changes_its_size_is_a_sentence(tmp_path: Path):
    clip = Clip()
    other = message(1, PictureFormat(width=32, height=32, pixel_format="yuv420p"), 1)
    items = [*list(synthetic(clip))[:2], CleanFrame(frame=other, patch=untouched(other))]
    with pytest.raises(SinkError, match="frame 1 is 32x32 yuv420p, the stream began as 64x48 yuv420p"):
        list(encode(items, str(tmp_path / "out.mkv"), EncodeConfig()))


def test_the_encoder_holds_back_a_bounded_number_of_frames(tmp_path: Path):
    """Into a container that writes every packet at once, so that what is not durable is in the encoder."""
    said = list(encode(synthetic(Clip(frames=120)), str(tmp_path / "out.ts"), EncodeConfig()))
    assert max(progress.frames - progress.durable for progress in said) <= 40
