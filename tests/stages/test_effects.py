"""What objects cast: reflections leave with their owners, and any number, order, cut and size will do."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.segment.outline.effects import Effects
from stages.segment.outline.parts import MOST, few, parts
from stages.segment.spot import Spot, crop, sure
from stages.segment.view import View
from tests.stages.casts import (
    HEIGHT,
    PICTURE,
    WIDTH,
    beside,
    both,
    grain,
    nothing,
    others,
    play,
    rectangle,
    share,
    staged,
    theirs,
    view,
    walking,
    whole,
    widened,
)
from transport.messages import Frame, PictureFormat


def test_the_order_of_the_objects_does_not_matter():
    place, cast = both(walking, others), both(beside, theirs)
    forth, back = Effects(PICTURE), Effects(PICTURE)
    for seq in range(6):
        _, _, shown = staged(seq, place, cast)
        spots = [sure(crop(walking(seq))), sure(crop(others(seq)))]
        assert np.array_equal(whole(forth.step(shown, *spots)), whole(back.step(shown, *reversed(spots))))


def test_a_crowd_is_hidden_whole_and_told_apart_no_further_than_its_largest():
    effects, ground = Effects(PICTURE), view(grain(4, 12)[:, :WIDTH], 0)
    crowd = [rectangle(10 + 30 * (i % 10), 20 + 90 * (i // 10), 8 + i, 30) for i in range(20)]
    assert len(few([sure(crop(inside)) for inside in crowd])) == MOST
    for _ in range(3):
        found = whole(effects.step(ground, *(sure(crop(inside)) for inside in crowd)))
        assert found[np.maximum.reduce(crowd) > 0].all()


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 180), st.integers(1, 60), st.integers(1, 60)), max_size=12)
)
def test_parts_are_all_of_a_spot_and_nothing_twice(boxes):
    inside = np.maximum.reduce([nothing(0), *(rectangle(*box) for box in boxes)])
    found = [whole(part) for part in parts(sure(crop(inside)), PICTURE)]
    assert np.array_equal(np.sum([nothing(0), *found], axis=0), inside > 0)
    assert len(found) <= MOST


def test_pieces_that_lie_close_are_one_object_and_those_far_apart_are_two():
    close, far = rectangle(50, 50, 20, 30) | rectangle(50, 84, 20, 30), rectangle(150, 50, 20, 30)
    found = [whole(part) for part in parts(sure(crop(close | far)), PICTURE)]
    assert [np.array_equal(part, of > 0) for part, of in zip(found, (close, far), strict=True)] == [True, True]


def lake(seq, strength, depth=100):
    """An object on water, with ripples, its copy below it, down to a depth; and where they are."""
    ripples = grain(100 + seq, 6, 120, 3.0)[:, :WIDTH].copy()
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(
        inside, [np.array([[90 + 2 * seq, 99], [210 + 2 * seq, 99], [190 + 2 * seq, 60], [130 + 2 * seq, 30]])], 255
    )
    own = np.roll(grain(9, 40, 90, 6.0)[:, :WIDTH], 2 * seq, axis=1)
    image = np.where(inside[..., None] > 0, own, ripples)
    copy = np.zeros_like(inside)
    copy[100:], flipped = inside[99::-1], own[99::-1]
    copy[100 + depth :] = 0
    seen = strength * flipped + (1 - strength) * image[100:]
    image[100:] = np.where(copy[100:, :, None] > 0, seen, image[100:])
    return image, inside, copy > 0


def test_a_reflection_leaves_with_its_owner():
    effects = Effects(PICTURE)
    for seq in range(12):
        image, inside, copy = lake(seq, 0.6)
        found = whole(effects.step(view(image, seq), sure(crop(inside))))
        if seq >= 4:
            assert share(found, copy) > 0.8
            assert share(found, ~widened(copy | (inside > 0), 12)) < 0.02


def test_water_that_mirrors_nothing_stays():
    effects = Effects(PICTURE)
    for seq in range(12):
        image, inside, copy = lake(seq, 0.0)
        found = whole(effects.step(view(image, seq), sure(crop(inside))))
        assert share(found, copy) < 0.05


def test_a_copy_that_ends_at_the_feet_is_no_reflection():
    effects = Effects(PICTURE)
    for seq in range(12):
        image, inside, _ = lake(seq, 0.6, depth=16)
        found = whole(effects.step(view(image, seq), sure(crop(inside))))
        assert not found[125:].any()


def test_frames_without_the_object_are_only_learned_from():
    effects = Effects(PICTURE)
    for seq in range(3):
        assert effects.step(view(grain(4, 12)[:, :WIDTH], seq), None) is None
    image = grain(4, 12)[:, :WIDTH].copy()
    image[beside(0) > 0] *= 0.5
    image[walking(0) > 0] = (200, 30, 30)
    found = whole(effects.step(view(image, 3), sure(crop(walking(0)))))
    assert share(found, (beside(0) > 0) & (walking(0) == 0)) > 0.9


def test_a_cut_begins_anew():
    last = []
    effects = Effects(PICTURE)
    for start in (0, 1):
        effects.forget()
        for seq in range(4):
            image = grain(4 + start, 12)[:, :WIDTH].copy()
            image[walking(seq) > 0] = (200, 30, 30)
            last.append(whole(effects.step(view(image, seq), sure(crop(walking(seq))))))
    assert np.array_equal(last[3], last[7])
    assert np.array_equal(last[7], walking(3) > 0)


def test_it_is_the_same_every_time():
    runs = [[found for _, _, found in play(6, walking, beside, pan=3)] for _ in range(2)]
    assert all(np.array_equal(*pair) for pair in zip(*runs, strict=True))


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (200, 7), (641, 361)])
def test_any_size_of_picture_will_do(size):
    picture = PictureFormat(width=size[0], height=size[1], pixel_format="gray")
    effects = Effects(picture)
    for seq in range(3):
        planes = (np.full((size[1], size[0]), 90 + seq, np.uint8),)
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
        inside = np.zeros((size[1], size[0]), np.uint8)
        inside[-1, -1] = 255
        found = effects.step(View(frame), sure(crop(inside)))
        assert isinstance(found, Spot)
        assert found.box.x + found.box.width <= size[0]
        assert found.box.y + found.box.height <= size[1]
