"""What an object casts: synthetic scenes in which it is known."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.segment.config import SegmentConfig
from stages.segment.outline.effects import Effects
from stages.segment.outline.parts import MOST, few, parts
from stages.segment.prompts import Prompts
from stages.segment.segment import segment
from stages.segment.spot import Spot, crop, slices, sure
from stages.segment.view import View
from stages.segment.words import parse_object_box
from tests.stages.scenes import planes_of
from transport.messages import Frame, PictureFormat

WIDTH, HEIGHT = 320, 200
PICTURE = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="rgb24")
FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage" / "davis480"


@cache
def grain(seed, contrast, level=130, sigma=2.0):
    noise = np.random.default_rng(seed).standard_normal((HEIGHT, 3 * WIDTH, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), sigma)
    return np.clip(level + contrast * smooth / smooth.std(), 5, 250)


def view(image, seq):
    planes = planes_of(np.clip(image, 0, 255).astype(np.uint8), PICTURE)
    return View(Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes))


def rectangle(x, y, width, height):
    inside = np.zeros((HEIGHT, WIDTH), np.uint8)
    inside[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = 255
    return inside


def whole(spot, shape=(HEIGHT, WIDTH)):
    canvas = np.zeros(shape, bool)
    if spot is not None:
        canvas[spot.box.y : spot.box.y + spot.box.height, spot.box.x : spot.box.x + spot.box.width] = spot.values > 0
    return canvas


def play(count, place, cast, *, pan=0, light=lambda seq: 1.0, patch=None, depth=0.5, border=1.5):
    """Yield a red object that walks over ground, its shadow, and what is found, frame by frame.

    `place` and `cast` give the masks of object and shadow; `patch` is a mask of ground that is dark by itself; `depth`
    is the share of the light that the shadow takes, `border` how softly it ends, pixels.
    """
    effects = Effects(PICTURE)
    for seq in range(count):
        inside, shadow, shown = staged(seq, place, cast, pan=pan, light=light, patch=patch, depth=depth, border=border)
        yield inside > 0, shadow > 0, whole(effects.step(shown, sure(crop(inside))))


def staged(seq, place, cast, *, pan=0, light=lambda seq: 1.0, patch=None, depth=0.5, border=1.5):
    """Return the masks of object and shadow in a frame, and the frame; see `play`."""
    image = grain(4, 12)[:, pan * seq : pan * seq + WIDTH].copy()
    if patch is not None:
        image[patch > 0] *= 0.6
    inside, shadow = place(seq), cast(seq)
    image *= 1 - depth * cv2.GaussianBlur(shadow, (0, 0), border)[..., None] / 255
    own = np.roll(grain(7, 15, 90)[:, :WIDTH], 5 * seq, axis=1) * (2.0, 0.7, 0.6)
    image = np.where(inside[..., None] > 0, own, image) * light(seq)
    return inside, shadow, view(image, seq)


def walking(seq):
    return rectangle(20 + 5 * seq, 60, 30, 60)


def beside(seq):
    return rectangle(50 + 5 * seq, 112, 35, 10)


def nothing(seq):
    return rectangle(0, 0, 0, 0)


def share(part, of):
    return np.count_nonzero(part & of) / max(np.count_nonzero(of), 1)


def widened(inside, pixels):
    return cv2.dilate(inside.astype(np.uint8), np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)) > 0


@pytest.mark.parametrize("pan", [0, 3])
def test_a_shadow_is_taken_in_from_the_first_frame_on(pan):
    for inside, shadow, found in play(16, walking, beside, pan=pan):
        assert found[inside].all()
        assert share(found, shadow & ~inside) > 0.9
        assert np.count_nonzero(found & ~widened(inside | shadow, 5)) == 0


def others(seq):
    """Somebody who comes towards `walking`."""
    return rectangle(250 - 4 * seq, 40, 26, 70)


def theirs(seq):
    return rectangle(215 - 4 * seq, 102, 45, 9)


def both(one, other):
    return lambda seq: np.maximum(one(seq), other(seq))


@pytest.mark.parametrize("pan", [0, 3])
def test_two_objects_each_leave_with_their_shadow(pan):
    effects, place, cast = Effects(PICTURE), both(walking, others), both(beside, theirs)
    for seq in range(20):
        inside, shadow, shown = staged(seq, place, cast, pan=pan)
        spots = [sure(crop(walking(seq))), sure(crop(others(seq)))]
        found = whole(effects.step(shown, *spots))
        assert found[inside > 0].all()
        for own in (beside(seq), theirs(seq)):
            assert share(found, (own > 0) & (inside == 0)) > 0.85
        assert np.count_nonzero(found & ~widened((inside | shadow) > 0, 5)) < 50


def test_the_order_of_the_objects_does_not_matter():
    place, cast = both(walking, others), both(beside, theirs)
    forth, back = Effects(PICTURE), Effects(PICTURE)
    for seq in range(6):
        _, _, shown = staged(seq, place, cast)
        spots = [sure(crop(walking(seq))), sure(crop(others(seq)))]
        assert np.array_equal(whole(forth.step(shown, *spots)), whole(back.step(shown, *reversed(spots))))


def test_an_object_that_was_away_for_a_moment_is_the_one_that_it_was():
    effects = Effects(PICTURE)
    for seq in range(12):
        inside, shadow, shown = staged(seq, jumping, lambda seq: rectangle(30 + 5 * seq, 118, 40, 9))
        found = effects.step(shown, sure(crop(inside)) if seq not in (8, 9) else None)
    assert share(whole(found), (shadow > 0) & (inside == 0)) > 0.7  # in the air, its shadow touches it no more


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


@pytest.mark.parametrize("rotation", [90, 180, -90, 270])
def test_shadows_fall_where_a_player_shows_them(rotation):
    stored = replace(PICTURE, rotation=rotation)
    if rotation % 180:
        stored = replace(stored, width=HEIGHT, height=WIDTH)
    upright, turned = Effects(PICTURE), Effects(stored)
    for seq in range(6):
        inside, _, shown = staged(seq, walking, beside)
        planes = planes_of(np.rot90(shown.bgr[..., ::-1], -rotation // 90), stored)
        spot = sure(crop(np.ascontiguousarray(np.rot90(inside, -rotation // 90))))
        found = turned.step(View(replace(shown.frame, format=stored, planes=planes)), spot)
        canvas = np.zeros((stored.height, stored.width), bool)
        canvas[slices(found.box)] = found.values > 0
        assert np.array_equal(np.rot90(canvas, rotation // 90), whole(upright.step(shown, sure(crop(inside)))))


def below(seq):
    return cv2.ellipse(nothing(seq), (35 + 5 * seq, 122), (32, 14), 0, 0, 360, 255, cv2.FILLED)


@pytest.mark.parametrize("pan", [0, 3])
def test_a_faint_shadow_without_a_border_is_taken_in_too(pan):
    for inside, shadow, found in play(16, walking, below, pan=pan, depth=0.2, border=4):
        core = cv2.erode(shadow.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert share(found, core & ~inside) > 0.65
        assert np.count_nonzero(found & ~widened(inside | shadow, 8)) == 0


def test_an_object_without_a_shadow_gets_none():
    for inside, _, found in play(16, walking, nothing):
        assert np.array_equal(found, inside)


def test_a_dark_patch_that_the_object_passes_is_not_its_shadow():
    patch, taken = rectangle(150, 116, 60, 14), []
    for inside, shadow, found in play(28, walking, beside, patch=patch):
        assert share(found, shadow & ~inside & (patch == 0)) > 0.8
        taken.append(np.count_nonzero(found & (patch > 0) & ~widened(inside | shadow, 6)))
    assert max(taken) == 0


def test_exposure_that_jumps_is_not_a_shadow():
    for inside, _, found in play(16, walking, nothing, light=lambda seq: 0.6 if seq >= 8 else 1.0):
        assert np.array_equal(found, inside)


def jumping(seq):
    return rectangle(20 + 5 * seq, 60 - (15 if 10 <= seq < 16 else 0), 30, 60)


def test_a_shadow_stays_with_its_owner_through_a_jump():
    for seq, (inside, shadow, found) in enumerate(play(20, jumping, lambda seq: rectangle(30 + 5 * seq, 118, 40, 9))):
        assert share(found, shadow & ~inside) > (0.7 if seq >= 4 else 0.5)


def hopping(seq):
    """An object that stays where it is, but for a jump."""
    return rectangle(100, 60 - (12 if seq >= 6 else 0), 30, 60)


def test_a_shadow_that_appears_in_a_jump_is_found_on_ground_that_was_never_free_of_the_object():
    under = rectangle(104, 123, 34, 13)
    for seq, (inside, shadow, found) in enumerate(
        play(12, hopping, lambda seq: under if seq >= 6 else nothing(seq), border=1)
    ):
        assert not (widened(inside, 8) & shadow).any(), "it touches nothing"
        assert share(found, shadow) > 0.9 or seq < 6


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


def horse(first, last):
    """What is found of a real horse, frame by frame, and the horse."""
    frames = sorted((FOOTAGE / "horsejump-high" / "frames").iterdir())[first:last]
    masks = sorted((FOOTAGE / "horsejump-high" / "masks").iterdir())[first:last]
    picture = PictureFormat(width=854, height=480, pixel_format="rgb24")
    effects = Effects(picture)
    for seq, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
        image, inside = cv2.imread(str(frame), cv2.IMREAD_COLOR_RGB), cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
        assert image is not None
        planes = (np.ascontiguousarray(image.reshape(480, -1)),)
        spot = sure(crop(np.asarray(inside, np.uint8)))
        shown = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
        yield effects.step(View(shown), spot), spot


@pytest.mark.skipif(not FOOTAGE.exists(), reason="../shared/footage is absent")
def test_the_shadow_of_a_real_horse_is_found_where_it_stands():
    for found, spot in horse(34, 48):
        added = np.count_nonzero(found.values) - np.count_nonzero(spot.values)
        assert 0.05 < added / np.count_nonzero(spot.values) < 0.5


@pytest.mark.skipif(not FOOTAGE.exists(), reason="../shared/footage is absent")
def test_the_shadow_of_a_real_horse_is_found_in_its_jump_behind_a_fence_where_it_touches_nothing():
    under = slice(333, 348), slice(330, 390)  # of frame 18, on ground over which the horse has been all the while
    *_, (found, spot) = horse(6, 19)
    assert not whole(spot, (480, 854))[under].any()
    assert whole(found, (480, 854))[under].mean() > 0.9


def test_a_mask_that_is_given_gets_its_shadow_too_where_that_is_asked_for(tmp_path):
    staging = [staged(seq, walking, beside) for seq in range(20)]
    for seq, (inside, _, _) in enumerate(staging):
        assert cv2.imwrite(f"{tmp_path}/{seq:02}.png", inside)
    prompts, exact = Prompts(mask=str(tmp_path)), SegmentConfig(dilate=0, feather=0)
    for effects, least, most in (((), 0.0, 0.01), (("shadow",), 0.8, 1.0)):
        *_, last = segment((shown.frame for *_, shown in staging), prompts, replace(exact, effects=effects))
        found = whole(Spot(box=last.mask.box, values=last.mask.alpha))
        assert least <= share(found, staging[-1][1] > 0) <= most
        assert share(found, staging[-1][0] > 0) == 1


@pytest.fixture(scope="module")
def meeting():
    """Two who come towards each other, frame by frame: the masks of both objects, and what is shown."""
    place, cast = both(walking, others), both(beside, theirs)
    return [staged(seq, place, cast)[::2] for seq in range(20)]


def shares_of_each_shadow(meeting, prompts):
    config = SegmentConfig(dilate=0, feather=0, effects=("shadow",))
    for seq, masked in enumerate(segment((shown.frame for _, shown in meeting), prompts, config)):
        found = whole(Spot(box=masked.mask.box, values=masked.mask.alpha))
        for own in (beside(seq), theirs(seq)):
            yield share(found, (own > 0) & (meeting[seq][0] == 0))


def test_two_that_are_pointed_at_each_leave_with_their_shadow(meeting):
    prompts = Prompts(objects=(parse_object_box("18,58,34,64"), parse_object_box("248,38,30,74")))
    assert min(shares_of_each_shadow(meeting, prompts)) > 0.85


def test_two_in_one_given_mask_each_leave_with_their_shadow(meeting, tmp_path):
    for seq, (inside, _) in enumerate(meeting):
        assert cv2.imwrite(f"{tmp_path}/{seq:02}.png", inside)
    assert min(shares_of_each_shadow(meeting, Prompts(mask=str(tmp_path)))) > 0.85
