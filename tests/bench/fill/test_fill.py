"""The bench itself: what it gives to engines, and what its baselines make of it."""

import numpy as np
import pytest

from stages.errors import OptionError
from stages.inpaint.engine import EngineOptions
from stages.inpaint.inpaint import inpaint
from tests.bench.fill.clips import FOOTAGE, Setting, choose, clip_names, load
from tests.bench.fill.contest import parse_engines
from tests.bench.fill.play import composite
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

footage = pytest.mark.skipif(not FOOTAGE.is_dir(), reason=f"there is no footage at {FOOTAGE}")
PICTURE = PictureFormat(width=40, height=32, pixel_format="rgb24")


def frame(seq, level, x):
    """Return a picture of one grey, black in a hole of 8x8 at x, 10."""
    image = np.full((32, 40, 3), level, np.uint8)
    image[10:18, x : x + 8] = 0
    mask = Mask(box=Box(x=x, y=10, width=8, height=8), alpha=np.full((8, 8), 255, np.uint8))
    planes = (image.reshape(32, -1),)
    whole = Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes)
    return MaskedFrame(frame=whole, mask=mask, shot=0, emit=True)


def filled(words, frames):
    """Return the value in the middle of every frame's hole."""
    (entry,) = parse_engines(words, EngineOptions(look_ahead=2))
    images = [composite(clean) for clean in inpaint(frames, entry.kind())]
    return [int(image[14, given.mask.box.x + 4, 0]) for given, image in zip(frames, images, strict=True)]


def test_the_median_is_that_of_the_frames_that_show_the_place():
    """Frames 0 to 4 look at the two to either side; the hole moves from the left to the right after frame 1."""
    frames = [frame(0, 10, 4), frame(1, 20, 4), frame(2, 200, 20), frame(3, 30, 20), frame(4, 90, 20)]
    assert filled("median", frames)[1:3] == [115, 15]  # of 200 and 30; of 10 and 20


def test_where_the_window_shows_nothing_the_median_is_telea():
    frames = [frame(seq, 10 * seq + 10, 4) for seq in range(5)]
    assert filled("median", frames) == filled("telea", frames)


def test_the_previous_frame_is_repeated_filled_or_seen():
    frames = [frame(0, 10, 4), frame(1, 200, 4), frame(2, 30, 20), frame(3, 40, 20)]
    first = filled("telea", frames[:1])
    assert filled("previous", frames) == [*first, *first, 200, 200]


def test_navier_stokes_fills_a_flat_picture_flatly():
    assert filled("ns", [frame(0, 70, 4), frame(1, 90, 20)]) == [70, 90]


def test_engines_are_spelt_with_their_options():
    plain, other = parse_engines("telea,propagate:faithful:2", EngineOptions(look_ahead=5))
    assert (plain.name, plain.options.look_ahead) == ("telea", 5)
    assert (other.name, other.options.fill, other.options.look_ahead) == ("propagate", "faithful", 2)
    for words in ("gone", "telea:blurred", "telea:9"):
        with pytest.raises(OptionError):
            parse_engines(words, EngineOptions())


@footage
def test_halves_have_nothing_in_common_and_make_up_the_whole():
    dev, held = choose(0, [], "dev"), choose(0, [], "held")
    assert sorted(dev + held) == choose(0, [], "all") == clip_names()
    assert len(dev) == len(held) == 15


@footage
@pytest.mark.parametrize("protocol", ["A", "B", "C"])
def test_nothing_of_the_truth_is_left_under_a_hole_and_everything_else_is(protocol):
    clip = load("swing", Setting(protocol=protocol, frames=3))
    for given, source, hole in zip(clip.given, clip.source, clip.holes, strict=True):
        image = given.frame.planes[0].reshape(source.shape)
        assert hole.any()
        assert np.array_equal(image[~hole], source[~hole])
        assert clip.true == (protocol != "C")
        assert clip.true == (not image[hole].any())
