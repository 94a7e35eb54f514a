"""Light that changes for the whole picture: what was seen before it did is shown as it would look now."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.inpaint.engine import EngineOptions
from stages.inpaint.engines import find_engine
from stages.inpaint.propagate.camera import EYE
from stages.inpaint.propagate.light import lighter_by
from stages.inpaint.propagate.view import View
from tests.stages.fills import filled, luma_errors
from tests.stages.scenes import Hole, Image, Scene, box, moved, play, still
from transport.messages import Box

SIZE = (128, 96)


def entering(seq: int) -> Hole:
    """Where something large is that comes in from the left: its middle was seen long ago, its edge has just been."""
    return box(0, 16, 6 * max(seq - 3, 0), 64, size=SIZE)


def panned(seq: int) -> NDArray[np.float64]:
    """Half a pixel a frame."""
    return np.array([[1, 0, 0.5 * seq + 8], [0, 1, 8]], np.float64)


BACKGROUNDS = {"still": still(*SIZE), "panned": moved(panned, *SIZE)}


@pytest.mark.parametrize("fill", ["sharp", "faithful"])
@pytest.mark.parametrize("change", [-3, 3])
@pytest.mark.parametrize("camera", BACKGROUNDS)
def test_what_was_seen_in_another_light_is_shown_in_this_one(camera: str, change: int, fill: str) -> None:
    def look(seq: int) -> Image:
        return (BACKGROUNDS[camera](seq).astype(np.int16) + change * seq).astype(np.uint8)

    scene = Scene(background=look, hole=entering, count=17)
    kind = find_engine("propagate", EngineOptions(fill=fill, look_ahead=0))
    errors = luma_errors(filled(play(scene), kind), scene)
    assert errors.max() < 2


def seen(colours: Image, hole: Hole) -> View:
    """Return a view of a picture."""
    around = Box(x=0, y=0, width=0, height=0)
    return View(grey=colours[..., 0], colours=colours, hole=hole, closed=hole, box=around, scale=(1.0, 1.0))


def test_a_change_of_light_is_that_of_what_both_pictures_show_and_where_it_went() -> None:
    nothing, left = box(0, 0, 0, 0, size=SIZE), box(0, 0, 64, 96, size=SIZE)
    picture = still(*SIZE)(0)
    lighter = picture + np.array([5, 0, 9], np.uint8)
    lighter[left] = 255  # under the hole
    assert lighter_by(seen(picture, nothing), seen(lighter, left), EYE).tolist() == [5, 0, 9]
    camera = np.array([[1, 0, -8], [0, 1, 4], [0, 0, 1]], np.float64)
    shifted = np.roll(picture + np.uint8(7), (4, -8), axis=(0, 1))
    assert lighter_by(seen(picture, nothing), seen(shifted, nothing), camera).tolist() == [7, 7, 7]


def test_pictures_that_have_nothing_in_common_differ_in_more_than_light() -> None:
    one, other = (seen(noise(seq), box(0, 0, 0, 0, size=SIZE)) for seq in range(2))
    assert lighter_by(one, other, EYE).tolist() == [0, 0, 0]


def noise(seq: int) -> Image:
    """A picture that has nothing to do with the one before, and is darker."""
    return np.random.default_rng(seq).integers(0, 255 - 60 * seq, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
