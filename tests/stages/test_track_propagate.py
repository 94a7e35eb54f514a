"""The default tracker on small clips whose right answer is known, and on real ones where they are there."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stages.segment.spot import Spot, crop, rectangle, slices
from stages.segment.track.propagate import MaskFollower
from stages.segment.track.propagate.apart import apart
from stages.segment.track.propagate.flow import Motion, motion_between
from stages.segment.track.propagate.scope import alike, scope_around
from stages.segment.track.propagate.shape import body, depth_of
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

WIDTH, HEIGHT = 240, 160
FOOTAGE = Path(__file__).resolve().parents[3] / "shared/footage"

Image = NDArray[np.uint8]
Known = NDArray[np.bool_]


def noise(seed: int, shape: tuple[int, int], low: int, high: int, tint: tuple[int, int, int]) -> Image:
    """A texture with detail of all sizes around a tint."""
    chance = np.random.default_rng(seed)
    sides = [
        (chance.random((shape[0] // k + 1, shape[1] // k + 1, 3)) * (high - low)).astype(np.float32) for k in (2, 9)
    ]
    mixed = sum(cv2.resize(side, shape[::-1], interpolation=cv2.INTER_CUBIC) for side in sides)
    return np.clip(mixed / 2 + low + np.array(tint), 0, 255).astype(np.uint8)


GROUND = noise(1, (HEIGHT + 40, WIDTH + 200), 60, 160, (0, 20, 0))
THING = noise(2, (60, 60), 60, 160, (-40, -20, 60))
SECOND_GROUND = noise(3, (HEIGHT + 40, WIDTH + 200), 20, 120, (40, 0, 0))


def scene(x: float, y: float, pan: int = 0, ground: Image = GROUND) -> tuple[Image, Known]:
    """A round textured thing with its middle at (x, y) before a ground; the picture, and where the thing is."""
    picture = ground[20 : 20 + HEIGHT, 100 + pan : 100 + pan + WIDTH].copy()
    rows, columns = np.indices((HEIGHT, WIDTH))
    inside = np.hypot(columns - x, rows - y) <= 24
    thing = cv2.warpAffine(THING, np.array([[1, 0, x - 30], [0, 1, y - 30]], np.float32), (WIDTH, HEIGHT))
    picture[inside] = thing[inside]
    return picture, inside


def view(picture: Image, seq: int = 0) -> View:
    height, width = picture.shape[:2]
    kind = "gray" if picture.ndim == 2 else "bgr24"
    plane = np.ascontiguousarray(picture.reshape(height, -1))
    shape = PictureFormat(width=width, height=height, pixel_format=kind)
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=shape, planes=(plane,)))


def spot_of(inside: Known) -> Spot:
    spot = crop(inside.astype(np.uint8) * np.uint8(255))
    assert spot is not None
    return spot


def overlap(sighting: Sighting, inside: Known) -> float:
    """Intersection over union."""
    seen = np.zeros(inside.shape, bool)
    if sighting.spot is not None:
        seen[slices(sighting.spot.box)] = sighting.spot.values >= 128
    union = np.count_nonzero(seen | inside)
    return np.count_nonzero(seen & inside) / union if union else 1.0


def started(x: float = 60, y: float = 80) -> MaskFollower:
    picture, inside = scene(x, y)
    return MaskFollower(view(picture), spot_of(inside))


@pytest.mark.parametrize("pan", [0, 2])
def test_an_object_is_followed_across_the_picture(pan: int) -> None:
    follower = started()
    for seq in range(1, 25):
        picture, inside = scene(60 + 4 * seq, 80 + 10 * np.sin(seq / 4), pan * seq)
        sighting = follower.step(view(picture, seq))
        assert overlap(sighting, inside) > 0.85, seq
        assert sighting.age == 0


def test_it_is_found_again_after_it_was_hidden() -> None:
    follower = started()
    for seq in range(1, 8):
        follower.step(view(scene(60 + 4 * seq, 80)[0], seq))
    hidden = [follower.step(view(scene(-100, 80)[0], seq)) for seq in range(8, 16)]
    assert all(sighting.spot is None for sighting in hidden[2:])
    assert hidden[-1].age > hidden[2].age > 0
    for seq in range(16, 24):
        picture, inside = scene(130, 80)
        sighting = follower.step(view(picture, seq))
    assert overlap(sighting, inside) > 0.8
    assert sighting.age == 0


def test_it_is_known_to_have_left_and_found_far_from_there() -> None:
    follower = started(40, 80)
    for seq in range(1, 20):
        sighting = follower.step(view(scene(40 - 5 * seq, 80)[0], seq))
    assert sighting.spot is None
    assert sighting.left
    for seq in range(20, 40):
        picture, inside = scene(190, 100)
        sighting = follower.step(view(picture, seq))
    assert overlap(sighting, inside) > 0.8
    assert not sighting.left


def test_after_a_cut_it_is_looked_for_everywhere_at_once() -> None:
    follower = started()
    follower.cut()
    picture, inside = scene(180, 60, ground=SECOND_GROUND)
    assert overlap(follower.step(view(picture, 1)), inside) > 0.8


def test_a_correction_is_taken_up() -> None:
    picture, inside = scene(60, 80)
    elsewhere = np.zeros_like(inside)
    elsewhere[20:60, 150:200] = True
    follower = MaskFollower(view(picture), spot_of(elsewhere))
    follower.correct(view(picture), spot_of(inside))
    picture, inside = scene(64, 80)
    assert overlap(follower.step(view(picture, 1)), inside) > 0.85


def test_the_same_frames_give_the_same_masks() -> None:
    clip = [view(scene(60 + 5 * seq, 80)[0], seq) for seq in range(1, 6)]
    one, other = started(), started()
    for frame in clip:
        a, b = one.step(frame).spot, other.step(frame).spot
        assert a is not None
        assert b is not None
        assert a.box == b.box
        assert np.array_equal(a.values, b.values)


AWKWARD: dict[str, Callable[[int, int], Known]] = {
    "all": lambda height, width: np.ones((height, width), bool),
    "a corner": lambda height, width: np.add.outer(np.arange(height), np.arange(width)) < min(height, width) // 2,
    "one pixel": lambda height, width: np.arange(height * width).reshape(height, width) == height * width // 2,
    "a line": lambda height, width: np.repeat(np.arange(width)[None] == width // 2, height, axis=0),
}


@pytest.mark.parametrize("size", [(16, 16), (16, 200), (300, 17), (90, 121), (2160, 3840)])
@pytest.mark.parametrize("name", AWKWARD)
def test_nothing_awkward_stops_it(size: tuple[int, int], name: str) -> None:
    height, width = size
    grey = cv2.resize(GROUND[..., 0], (width, height))
    follower = MaskFollower(view(grey), spot_of(AWKWARD[name](height, width)))
    for picture in (grey, np.zeros_like(grey), np.roll(grey, 3, axis=1), grey):
        sighting = follower.step(view(picture))
        assert 0 <= sighting.confidence <= 1
        if sighting.spot is not None:
            box = sighting.spot.box
            assert sighting.spot.values.shape == (box.height, box.width)
            assert box.x + box.width <= width
            assert box.y + box.height <= height
    follower.cut()
    follower.step(view(grey))


def test_of_an_empty_spot_nothing_is_ever_seen() -> None:
    picture, _ = scene(60, 80)
    follower = MaskFollower(
        view(picture), Spot(box=Box(x=5, y=5, width=9, height=9), values=np.zeros((9, 9), np.uint8))
    )
    assert [follower.step(view(picture)).spot for _ in range(2)] == [None, None]
    follower.correct(view(picture), rectangle(Box(x=36, y=56, width=48, height=48)))
    assert follower.step(view(picture)).spot is not None


def test_motion_is_found_there_and_back() -> None:
    before, now = GROUND[..., 1][:96, :128].copy(), GROUND[..., 1][3:99, 5:133].copy()
    motion = motion_between(before, now)
    assert np.abs(np.median(motion.back, axis=(0, 1)) - (5, 3)).max() < 0.2
    assert np.median(motion.missed) < 0.2


def moving(across: float) -> tuple[Motion, NDArray[np.float32]]:
    """A camera that stands, a square that moves by so much a frame, and an outline with a quarter too much of it."""
    back = np.zeros((80, 80, 2), np.float32)
    back[20:60, 20:50, 0] = -across
    inside = np.zeros((80, 80), bool)
    inside[20:60, 20:60] = True
    return Motion(back=back, missed=np.zeros((80, 80), np.float32)), depth_of(inside)


def test_what_leaked_into_the_object_and_does_not_move_with_it_speaks_against_it() -> None:
    odds = apart(*moving(4))
    assert odds[25:55, 25:45].min() > 1
    assert odds[25:55, 53:58].max() < -1


def test_motion_says_little_of_an_object_that_moves_as_the_camera_does() -> None:
    assert np.abs(apart(*moving(0))).max() < 0.5


def test_a_scope_is_kept_while_the_object_hardly_moves() -> None:
    first = scope_around(100, 80, 160, 140, (640, 360))
    assert alike(scope_around(103, 78, 162, 141, (640, 360)), first)
    assert not alike(scope_around(112, 80, 172, 140, (640, 360)), first)
    assert not alike(scope_around(90, 70, 170, 150, (640, 360)), first)


@pytest.mark.parametrize("shape", [(1, 1), (12, 64), (13, 300), (300, 13), (17, 900)])
def test_pictures_of_any_shape_can_be_matched(shape: tuple[int, int]) -> None:
    grey = cv2.resize(GROUND[..., 1], shape[::-1])
    assert motion_between(grey, grey).back.shape == (*shape, 2)


def test_depth_is_counted_from_the_outline() -> None:
    assert depth_of(np.arange(6)[None] >= 3).tolist() == [[-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]]
    assert (depth_of(np.ones((3, 3), bool)) > 99).all()


def test_a_body_keeps_its_old_parts_and_no_new_ones() -> None:
    inside, before = np.zeros((30, 60), bool), np.zeros((30, 60), bool)
    inside[5:25, 5:25] = before[5:25, 5:25] = True
    inside[5:10, 30:35] = before[5:10, 30:35] = True  # parted from the body, but the object's
    inside[20:25, 50:55] = True  # new
    kept = body(inside, before)
    assert kept[7, 32]
    assert not kept[22, 52]


@pytest.mark.parametrize("name", ["mallard-water", "bear", "surf", "goat"])
def test_real_objects_are_held(name: str) -> None:
    folder = FOOTAGE / "davis480" / name
    if not folder.is_dir():
        pytest.skip(f"no footage at {folder}")
    frames, masks = (sorted((folder / part).iterdir())[:12] for part in ("frames", "masks"))
    truths = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) >= 128 for path in masks]
    follower = MaskFollower(view(cv2.imread(str(frames[0]))), spot_of(truths[0]))
    steps = zip(frames[1:], truths[1:], strict=True)
    assert np.mean([overlap(follower.step(view(cv2.imread(str(path)))), truth) for path, truth in steps]) > 0.8
