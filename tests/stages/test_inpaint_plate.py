"""The plate: what was last seen of a place is laid over the hole, and nothing that is not of this place."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.inpaint.adapt import SEES, Adaptive, Pace, adaptive
from stages.inpaint.engine import DEFAULTS, Picture
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.inpaint.plate import engine
from stages.inpaint.plate.engine import ANEW, EVERY, Plate
from stages.inpaint.plate.kind import plate, shared, state_bytes
from stages.inpaint.propagate.view import look
from tests.stages.fills import filled, luma_errors, off, same
from tests.stages.scenes import (
    FORMATS,
    GREEN,
    MAGENTA,
    Hole,
    Image,
    Scene,
    box,
    moved,
    moving,
    none,
    once,
    pan,
    play,
    standing,
    still,
    texture,
)
from transport.messages import PictureFormat

SIZE = (128, 96)
SURE = EVERY + 1  # frames, after which it knows that the camera stands still
SMALL = replace(DEFAULTS, working=270)


def after(hole: Callable[[int], Hole], size: tuple[int, int] = (64, 48)) -> Callable[[int], Hole]:
    """Something that comes when the place is known; something else is in a corner before."""
    return lambda seq: hole(seq - SURE) if seq >= SURE else box(0, 0, 4, 4, size=size)


def left(seq: int) -> Hole:
    """Where something large stands."""
    return box(50, 30, 30, 40, size=SIZE)


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_what_was_seen_is_shown_as_it_was(pixel_format: str) -> None:
    scene = Scene(background=still(), hole=after(moving), count=18)
    assert off(filled(play(scene, pixel_format=pixel_format), plate(Plate))[SURE:], scene) == 0


def test_what_was_seen_long_ago_is_not_forgotten() -> None:
    scene = Scene(background=still(), hole=after(standing), count=400)
    assert off(filled(play(scene), plate(Plate))[-1:], scene) == 0


def test_what_was_never_seen_is_filled_as_telea_does() -> None:
    scene = Scene(background=still(), hole=standing)
    cleaned, telea = (filled(play(scene), kind) for kind in (plate(Plate), find_engine("telea", SMALL)))
    assert all(same(one, other) for one, other in zip(cleaned[:EVERY], telea[:EVERY], strict=True))
    assert luma_errors(cleaned, scene) == pytest.approx(luma_errors(telea, scene), abs=0.5)


def test_what_was_made_is_steady_for_a_while_and_then_made_anew() -> None:
    def look(seq: int) -> Image:
        return still(*SIZE)(0) + np.random.default_rng(seq).integers(0, 6, (SIZE[1], SIZE[0], 3)).astype(np.uint8)

    scene = Scene(background=look, hole=lambda seq: left(seq), count=ANEW + EVERY + 1)
    cleaned = filled(play(scene), plate(Plate))
    assert all(same(cleaned[SURE], clean) for clean in cleaned[SURE:ANEW])
    assert not same(cleaned[SURE], cleaned[-1])


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_what_was_made_is_replaced_by_what_is_seen(pixel_format: str) -> None:
    scene = Scene(background=still(), hole=lambda seq: standing(seq) if seq != SURE else box(0, 0, 4, 4), count=12)
    assert off(filled(play(scene, pixel_format=pixel_format), plate(Plate))[SURE + 1 :], scene) == 0


def pale(background: Callable[[int], Image]) -> Callable[[int], Image]:
    """Return the same with so little contrast that half of it hardly differs from what is beside it."""
    return lambda seq: (125 + (background(seq).astype(np.int16) - 125) // 4).astype(np.uint8)


@pytest.mark.parametrize("lighter", [0, 4])
@pytest.mark.parametrize("begins", [0, 20])
def test_nothing_is_shown_of_where_the_camera_looked_before(begins: int, lighter: int) -> None:
    def panned(seq: int) -> NDArray[np.float64]:
        return np.array([[1, 0, 8 + 0.6 * max(seq + 1 - begins, 0)], [0, 1, 8]], np.float64)

    def look(seq: int) -> Image:
        return pale(moved(panned, *SIZE))(seq) + np.uint8(lighter * max(seq - 20, 0))

    scene = Scene(background=look, hole=lambda seq: box(20 + 60 * (seq % 2), 30, 30, 40, size=SIZE), count=40)
    cleaned, telea = (filled(play(scene), kind) for kind in (plate(Plate), find_engine("telea", SMALL)))
    stood = cleaned[SURE:begins]
    assert not stood or luma_errors(stood, scene).max() == 0
    seen = begins + EVERY if begins else 0
    assert all(same(one, other) for one, other in zip(cleaned[seen:], telea[seen:], strict=True))


def test_a_camera_that_goes_on_moving_is_looked_at_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setattr(engine, "look", lambda picture, side: looks.append(picture.seq) or look(picture, side))
    scene = Scene(background=pan(1), hole=standing, count=200)
    filled(play(scene), plate(Plate))
    assert looks == [0, 5, 15, 35, 75, 115, 155, 195]


def test_something_large_that_moves_is_not_the_camera() -> None:
    def look(seq: int) -> Image:
        picture = pale(still(*SIZE))(seq)
        picture[:, 80 - 2 * seq : 120 - 2 * seq] = texture(*SIZE, seed=5)[:, :40]
        return picture

    covered = box(100, 30, 20, 40, size=SIZE)  # which it has left, in the end
    scene = Scene(background=look, hole=lambda seq: covered if seq > 20 else box(0, 0, 4, 4, size=SIZE), count=26)
    assert luma_errors(filled(play(scene), plate(Plate))[21:], scene).max() == 0


def test_what_the_frame_before_showed_is_known_though_nothing_was_to_be_filled_there() -> None:
    parked = texture(64, 48).copy()
    parked[10:34, 20:44] = texture(64, 48, seed=4)[10:34, 20:44]

    def hole(seq: int) -> Hole:
        return none() if SURE <= seq < 10 else after(standing)(seq)

    scene = Scene(background=lambda seq: texture(64, 48) if seq < 8 else parked, hole=hole, count=11)
    assert off(filled(play(scene), plate(Plate))[10:], scene) == 0


def test_a_frame_that_is_older_than_what_was_seen_shows_nothing() -> None:
    now = [Picture(masked) for masked in play(Scene(background=still(), hole=after(standing), count=12))]
    then = [Picture(masked) for masked in play(Scene(background=still(seed=4), hole=after(standing), count=12))]
    one = Plate()
    for picture in now[:11]:
        one.see(picture)
    one.see(then[2])
    assert np.array_equal(one.fill(now[10:])[..., 0], still()(0)[14:30, 26:38, 0])


@pytest.mark.parametrize("noticed", [True, False])
def test_a_cut_begins_anew(noticed: bool) -> None:
    cut = 3 * EVERY + 2 * noticed  # else it is seen when the place is checked
    scene = Scene(
        background=lambda seq: still(*SIZE, seed=seq // cut)(seq),
        hole=after(left, SIZE),
        shot=lambda seq: seq // cut * noticed,
        count=cut + 3,
    )
    frames = play(scene)
    cleaned, telea = filled(frames, plate(shared())), filled(frames, find_engine("telea", SMALL))
    assert [same(*pair) for pair in zip(cleaned, telea, strict=True)][SURE:] == [False] * (cut - SURE) + [True] * 3


@pytest.mark.parametrize("change", [-3, 3])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "p010le", "rgb24"])
def test_what_was_seen_in_another_light_is_shown_in_this_one(pixel_format: str, change: int) -> None:
    def look(seq: int) -> Image:
        return (texture(*SIZE).astype(np.int16) + change * seq).astype(np.uint8)

    scene = Scene(background=look, hole=after(left, SIZE), count=17)
    worst = abs(change) * (EVERY - 1) + 2  # it is looked at only now and then
    assert off(filled(play(scene, pixel_format=pixel_format), plate(Plate))[SURE:], scene) <= worst
    assert abs(change) * 10 > worst  # what it would be at the end


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_nothing_that_was_ever_under_a_hole_is_shown(pixel_format: str) -> None:
    scene = Scene(background=still(), hole=lambda seq: once(seq) if seq < 8 else moving(seq - 8), count=20)
    one, other = (filled(play(scene, colour, pixel_format), plate(Plate)) for colour in (MAGENTA, GREEN))
    assert all(same(*pair) for pair in zip(one, other, strict=True))


def test_what_one_chunk_saw_the_next_one_knows_though_it_begins_with_frames_that_both_have() -> None:
    scene = Scene(background=still(), hole=after(standing), count=30)
    frames, kind = play(scene), plate(shared())
    for chunk, unsure in ((frames[:20], SURE), (frames[12:], 0)):
        assert off(list(inpaint(chunk, kind))[unsure:], scene) == 0


def test_the_plate_is_shown_the_place_while_a_better_engine_fills() -> None:
    kind, place = find_engine("propagate"), shared()
    pace = Pace(2)
    filling = Adaptive([kind, plate(place)], kind.reach.offsets, pace, lambda picture: place().see(picture))
    scene = Scene(background=still(), hole=after(standing), count=40)
    pictures = [Picture(masked) for masked in play(scene)]
    telea = find_engine("telea", SMALL).start().fill([pictures[30]])
    for seq in range(SURE, 31):
        pace.level = int(seq == 30)
        pixels = filling.fill([pictures[seq + offset] for offset in kind.reach.offsets])
    truth = still()(0)[14:30, 26:38, 0]
    assert np.array_equal(pixels[..., 0], truth)
    assert not np.array_equal(telea[..., 0], truth)
    assert SEES > 1  # it costs little meanwhile


def test_a_live_fill_weighs_what_its_plate_weighs_too() -> None:
    picture = PictureFormat(width=640, height=360, pixel_format="yuv420p")
    best = find_engine("propagate").state_bytes(picture)
    assert adaptive("propagate", DEFAULTS).state_bytes(picture) == best + state_bytes(picture)
    assert adaptive("telea", DEFAULTS).state_bytes(picture) == find_engine("telea").state_bytes(picture)
