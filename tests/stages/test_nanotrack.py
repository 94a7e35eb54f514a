"""NanoTrack as a follower. Its files are no part of the repository; without them these tests are skipped."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.errors import ModelError
from stages.segment.spot import SURE, rectangle, slices
from stages.segment.track.nanotrack import BEFORE, NanoTrack
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

SHARED = Path(__file__).parents[3] / "shared"
BACKBONE, HEAD = (SHARED / "weights" / f"nanotrack_{part}_sim.onnx" for part in ("backbone", "head"))
needs_weights = pytest.mark.skipif(not BACKBONE.exists(), reason="NanoTrack's files are not in ../shared/weights")
WIDTH, HEIGHT, THING = 320, 240, 48
RED = (40, 30, 220)


class Whole:
    """A segmenter that takes the box for the object, and keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def segment(self, view, hint, window=()):
        self.asked.append((view.seq, hint.box, tuple(other.seq for other in window)))
        return rectangle(hint.box)


def noise(seed, width, height, low, high):
    numbers = np.random.default_rng(seed).integers(low, high, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return cv2.resize(numbers, (width, height), interpolation=cv2.INTER_CUBIC)


def see(image, seq=0):
    height, width = image.shape[:2]
    picture = PictureFormat(width=width, height=height, pixel_format="rgb24")
    plane = np.ascontiguousarray(image[..., ::-1]).reshape(height, -1)
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=(plane,)))


def scene(seq=0, x=None, y=90, seed=1):
    """A quiet ground with a red disc with a white bar on it."""
    image = noise(seed, WIDTH, HEIGHT, 90, 150)
    if x is not None:
        centre = x + THING // 2, y + THING // 2
        cv2.circle(image, centre, THING // 2, RED, -1)
        cv2.rectangle(image, (centre[0] - 16, centre[1] - 4), (centre[0] + 16, centre[1] + 4), (250, 250, 250), -1)
    return see(image, seq)


def follower(x, y=90, segmenter=None):
    box = Box(x=x, y=y, width=THING, height=THING)
    return NanoTrack(scene(x=x, y=y), rectangle(box), backbone=BACKBONE, head=HEAD, segmenter=segmenter or Whole())


def overlap(spot, x, y=90):
    found, thing = (np.zeros((HEIGHT, WIDTH), bool) for _ in range(2))
    found[slices(spot.box)] = spot.values >= SURE
    thing[y : y + THING, x : x + THING] = True
    return (found & thing).sum() / (found | thing).sum()


@needs_weights
def test_it_follows_what_moves_and_asks_the_segmenter_about_its_box():
    segmenter = Whole()
    own = follower(60, segmenter=segmenter)
    for seq in range(1, 16):
        sighting = own.step(scene(seq, x=60 + 5 * seq, y=90 - 2 * seq))
        assert overlap(sighting.spot, 60 + 5 * seq, 90 - 2 * seq) > 0.6
        assert 0.5 <= sighting.confidence <= 1
    assert [seq for seq, _, _ in segmenter.asked] == list(range(1, 16))
    assert [window for _, _, window in segmenter.asked][:3] == [(0,), (1, 0), (2, 1)]
    assert max(len(window) for _, _, window in segmenter.asked) == BEFORE


@needs_weights
def test_it_is_lost_while_it_is_hidden_and_found_again_elsewhere():
    own = follower(40, 30)
    own.step(scene(1, x=42, y=30))
    hidden = [own.step(scene(seq)) for seq in range(2, 8)]
    assert all(sighting.spot is None and not sighting.left for sighting in hidden)
    assert [sighting.age for sighting in hidden] == [1, 2, 3, 4, 5, 6]
    seen = [own.step(scene(seq, x=230, y=160)) for seq in range(8, 30)]
    assert overlap(seen[-1].spot, 230, 160) > 0.6
    assert seen[-1].age == 0


@needs_weights
def test_after_a_cut_it_is_looked_for_everywhere():
    own = follower(40, 30)
    own.step(scene(1, x=42, y=30))
    own.cut()
    seen = [own.step(scene(seq, x=230, y=160, seed=2)) for seq in range(2, 24)]
    assert overlap(seen[-1].spot, 230, 160) > 0.6


@needs_weights
def test_what_goes_out_of_the_picture_has_left():
    own = follower(200)
    seen = [own.step(scene(seq, x=200 + 8 * seq if 200 + 8 * seq < WIDTH else None)) for seq in range(1, 40)]
    assert not any(sighting.left for sighting in seen if sighting.spot is not None)
    assert seen[-1].spot is None
    assert seen[-1].left


@needs_weights
def test_a_correction_begins_anew():
    own = follower(40, 30)
    own.step(scene(1, x=200, y=150))
    own.correct(scene(1, x=200, y=150), rectangle(Box(x=200, y=150, width=THING, height=THING)))
    assert overlap(own.step(scene(2, x=203, y=150)).spot, 203, 150) > 0.6


@needs_weights
@settings(max_examples=15)
@given(data=st.data(), width=st.integers(1, 60), height=st.integers(1, 60))
def test_no_size_of_picture_and_object_is_too_small_and_nothing_lies_outside(data, width, height):
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = Box(x=x, y=y, width=data.draw(st.integers(1, width - x)), height=data.draw(st.integers(1, height - y)))
    image = noise(3, width, height, 0, 255)
    own = NanoTrack(see(image), rectangle(box), backbone=BACKBONE, head=HEAD, segmenter=Whole())
    for turn in range(4):
        sighting = own.step(see(image))
        assert 0 <= sighting.confidence <= 1
        if sighting.spot is not None:
            inner = sighting.spot.box
            assert inner.x + inner.width <= width
            assert inner.y + inner.height <= height
        if turn == 1:
            own.cut()


def test_files_that_are_not_its_halves_are_one_sentence(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"words")
    for path in (tmp_path / "a.onnx", tmp_path / "none.onnx"):
        with pytest.raises(ModelError, match="are not the two halves of NanoTrack v2, or cannot be read") as caught:
            NanoTrack(
                scene(x=40), rectangle(Box(x=40, y=90, width=48, height=48)),
                backbone=path, head=path, segmenter=Whole(),
            )  # fmt: skip
        assert "\n" not in str(caught.value)


@needs_weights
def test_another_network_is_not_taken_for_its_half():
    other = SHARED / "weights" / "FastestDet.onnx"
    with pytest.raises(ModelError, match="are not the two halves of NanoTrack v2"):
        NanoTrack(
            scene(x=40), rectangle(Box(x=40, y=90, width=48, height=48)), backbone=other, head=HEAD, segmenter=Whole()
        )


@needs_weights
@pytest.mark.skipif(not (SHARED / "footage").exists(), reason="the footage is not in ../shared/footage")
def test_a_bear_is_held_on_to():
    clip = SHARED / "footage" / "davis480" / "bear"
    frames, masks = (sorted((clip / name).iterdir())[:30] for name in ("frames", "masks"))
    boxes = [cv2.boundingRect(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) // 128) for path in masks]
    x, y, width, height = boxes[0]
    first = rectangle(Box(x=x, y=y, width=width, height=height))
    own = NanoTrack(see(cv2.imread(str(frames[0]))), first, backbone=BACKBONE, head=HEAD, segmenter=Whole())
    for path, (x, y, width, height) in zip(frames[1:], boxes[1:], strict=True):
        box = own.step(see(cv2.imread(str(path)))).spot.box
        across = min(x + width, box.x + box.width) - max(x, box.x)
        down = min(y + height, box.y + box.height) - max(y, box.y)
        assert across * down / (width * height + box.width * box.height - across * down) > 0.7
