"""What a still camera shows before or after a hole is known exactly, and the default engine fills the hole with it."""

from collections.abc import Callable

import numpy as np
import pytest

from stages.inpaint.engine import EngineKind, EngineOptions
from stages.inpaint.engines import find_engine
from tests.stages import scenes
from tests.stages.fills import filled, luma_errors, off
from tests.stages.scenes import FORMATS, MAGENTA, Hole, Scene, box, moving, none, once, play, standing, still

SHARP = find_engine("propagate", EngineOptions(fill="sharp"))
FAITHFUL = find_engine("propagate", EngineOptions(fill="faithful"))
CAUSAL = find_engine("propagate", EngineOptions(look_ahead=0))
TELEA = find_engine("telea")

every_way = pytest.mark.parametrize("kind", [SHARP, FAITHFUL], ids=["sharp", "faithful"])
every_kind = pytest.mark.parametrize("kind", [SHARP, FAITHFUL, CAUSAL], ids=["sharp", "faithful", "causal"])


@every_way
def test_a_picture_of_8k_is_filled(kind: EngineKind) -> None:
    """A camera that stands still, before which something small moves: its truth is known here, too."""
    tile, size = np.tile(scenes.texture(480, 540), (8, 16, 1)), (7680, 4320)
    scene = Scene(background=lambda seq: tile, hole=lambda seq: box(3000 + 40 * seq, 2000, 40, 30, size=size), count=3)
    assert off(filled(play(scene), kind), scene) <= 1


@every_way
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_what_a_still_camera_uncovers_is_restored_in_any_format(pixel_format: str, kind: EngineKind) -> None:
    scene = Scene(background=still(), hole=moving, count=14)
    assert off(filled(play(scene, MAGENTA, pixel_format), kind), scene) <= 1


UNCOVERED = {
    "a hole in one frame only": once,
    "a hole that flickers": lambda seq: standing(seq) if seq % 2 else none(),
    "a hole that jumps": lambda seq: box(46 * (seq % 2), 10, 18, 20),
    "everything in one frame": lambda seq: ~none() if seq == 5 else none(),
    "everything now and then": lambda seq: ~none() if seq % 3 == 1 else none(),
    "two holes far apart": lambda seq: box(2 * seq, 2, 5, 7) | box(50 - 2 * seq, 38, 5, 7),
    "a column that wanders": lambda seq: box(3 * seq, 0, 1, 48),
    "a hole at the border": lambda seq: box(0, 4 * seq, 9, 9),
    "every second cell in turn": lambda seq: (np.indices((48, 64)) // 2).sum(axis=0) % 2 == seq % 2,
}


@every_way
@pytest.mark.parametrize("name", UNCOVERED)
def test_what_a_still_camera_shows_a_moment_before_or_after_is_restored(name: str, kind: EngineKind) -> None:
    scene = Scene(background=still(), hole=UNCOVERED[name], count=12)
    assert off(filled(play(scene), kind), scene) <= 1


@pytest.mark.parametrize("name", ["a hole that flickers", "everything now and then", "a column that wanders"])
def test_what_a_still_camera_showed_before_is_restored_without_looking_ahead(name: str) -> None:
    scene = Scene(background=still(), hole=lambda seq: UNCOVERED[name](seq) if seq else none(), count=12)
    assert off(filled(play(scene), CAUSAL), scene) <= 1


COMES_TO_STAY = {
    "stands": lambda seq: standing(seq) if seq > 2 else none(),
    "grows": lambda seq: box(10, 8, 2 + seq, 30) if seq else none(),
    "is everything": lambda seq: ~none() if seq else none(),
}


@every_kind
@pytest.mark.parametrize("name", COMES_TO_STAY)
def test_what_was_seen_before_an_object_came_is_known_as_long_as_it_stays(name: str, kind: EngineKind) -> None:
    """Far longer than any number of frames that is held."""
    scene = Scene(background=still(), hole=COMES_TO_STAY[name], count=44)
    assert off(filled(play(scene), kind), scene) <= 1


@every_way
@pytest.mark.parametrize("size", [(128, 96), (400, 300), (960, 540)])
def test_what_an_object_of_any_size_uncovers_within_the_window_is_restored(
    size: tuple[int, int], kind: EngineKind
) -> None:
    """It crosses its own width in five frames and leaves the picture."""
    width, height = size

    def hole(seq: int) -> Hole:
        return box(width // 24 * (1 + seq), height // 8, width // 5, height // 2, size=size)

    scene = Scene(background=still(width, height), hole=hole, count=15)
    assert off(filled(play(scene), kind), scene) <= 1


def black(seq: int) -> bool:
    return seq in (3, 6, 7)


@every_kind
def test_a_black_frame_is_filled_black_and_blackens_no_other(kind: EngineKind) -> None:
    """Among frames of a still camera, and no cut was seen; beside them, it is never worse than to fill without them."""
    picture, night = still(), scenes.flat(16, 128, 128)
    scene = Scene(background=lambda seq: (night if black(seq) else picture)(seq), hole=moving)
    dark = np.array([black(seq) for seq in range(scene.count)])
    errors, plain = (luma_errors(filled(play(scene), engine), scene) for engine in (kind, TELEA))
    assert errors[dark].max() <= 8
    assert errors[~dark].mean() <= plain[~dark].mean()


LIGHTS: dict[str, Callable[[int], int]] = {
    "a flash": lambda seq: 30 if seq % 4 == 2 else 0,
    "a lamp that is switched on": lambda seq: 30 if seq > 4 else 0,
    "a camera that adapts": lambda seq: 4 * min(seq, 8),
}


@every_way
@pytest.mark.parametrize("name", LIGHTS)
def test_what_is_restored_is_as_bright_as_its_frame(name: str, kind: EngineKind) -> None:
    picture = still()
    scene = Scene(background=lambda seq: picture(seq) + np.uint8(LIGHTS[name](seq)), hole=moving)
    assert luma_errors(filled(play(scene), kind), scene).max() <= 5
