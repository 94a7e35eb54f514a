"""Shadows leave with their objects, and nothing else that is dark: scenes in which it is known, and a real horse."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from stages.segment.config import SegmentConfig
from stages.segment.outline.effects import Effects
from stages.segment.outline.shade import darkened
from stages.segment.prompts import Prompts
from stages.segment.segment import segment
from stages.segment.spot import Spot, crop, slices, sure
from stages.segment.view import View
from stages.segment.words import parse_object_box
from tests.stages.casts import (
    HEIGHT,
    PICTURE,
    WIDTH,
    beside,
    both,
    nothing,
    others,
    play,
    rectangle,
    share,
    staged,
    theirs,
    walking,
    whole,
    widened,
)
from tests.stages.scenes import planes_of
from transport.messages import Frame, PictureFormat

FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage" / "davis480"


@pytest.mark.parametrize("pan", [0, 3])
def test_a_shadow_is_taken_in_from_the_first_frame_on(pan):
    for inside, shadow, found in play(16, walking, beside, pan=pan):
        assert found[inside].all()
        assert share(found, shadow & ~inside) > 0.9
        assert np.count_nonzero(found & ~widened(inside | shadow, 5)) == 0


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


def test_an_object_that_was_away_for_a_moment_is_the_one_that_it_was():
    effects = Effects(PICTURE)
    for seq in range(12):
        inside, shadow, shown = staged(seq, jumping, lambda seq: rectangle(30 + 5 * seq, 118, 40, 9))
        found = effects.step(shown, sure(crop(inside)) if seq not in (8, 9) else None)
    assert share(whole(found), (shadow > 0) & (inside == 0)) > 0.7  # in the air, its shadow touches it no more


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


def test_ground_that_is_a_pixel_away_from_where_it_was_is_not_ground_that_became_dark():
    stripes = np.where(np.arange(WIDTH) // 8 % 2, np.float32(200), np.float32(90))
    ground = np.broadcast_to(stripes[None, :, None], (HEIGHT, WIDTH, 3)).copy()
    for step in (-1, 1):
        assert not darkened(np.roll(ground, step, axis=1), ground)[:, 2:-2].any()
    assert darkened(ground * np.float32(0.5), ground).mean() > 0.5


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
