"""Light that changes for the whole picture: what was seen before it did is shown as it would look now."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.inpaint.engine import EngineOptions
from stages.inpaint.engines import find_engine
from tests.stages.fills import filled, luma_errors
from tests.stages.scenes import Hole, Image, Scene, box, moved, play, still

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
