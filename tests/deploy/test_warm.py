"""An engine is asked for something before its first frame, and is none the worse for it."""

from dataclasses import replace

import numpy as np
import pytest

from deploy.warm import FRAMES, warm_up
from stages.errors import ModelError
from stages.inpaint.adapt import adaptive
from stages.inpaint.engine import EngineKind, EngineOptions
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from tests.stages.scenes import Scene, play

SCENE = Scene(
    background=lambda seq: np.random.default_rng(seq).integers(0, 255, (32, 64, 3), np.uint8),
    hole=lambda seq: np.pad(np.ones((8, 8), bool), ((12, 12), (28, 28))),
    count=8,
)


def counted(kind: EngineKind, asked: list[int]) -> EngineKind:
    """Return the engine, noting the frames that it is asked for."""

    def start() -> object:
        engine = kind.start()

        class Counted:
            def fill(self, window: object) -> object:
                asked.append(1)
                return engine.fill(window)  # type: ignore[arg-type]

        return Counted()

    return replace(kind, start=start)  # type: ignore[arg-type]


COLD = pytest.mark.timeout(400)  # the default engine may have to be compiled first, on a machine that is busy


@COLD
@pytest.mark.parametrize("name", ["blank", "telea", "propagate"])
def test_every_picture_is_asked_for(name: str) -> None:
    asked: list[int] = []
    warm_up(counted(find_engine(name), asked))
    assert len(asked) == FRAMES


@COLD
@pytest.mark.parametrize("name", ["telea", "propagate"])
def test_it_leaves_nothing_behind(name: str) -> None:
    kind = find_engine(name)
    cold = [clean.patch.pixels for clean in inpaint(play(SCENE), kind)]
    warm_up(kind)
    warm = [clean.patch.pixels for clean in inpaint(play(SCENE), kind)]
    assert all(np.array_equal(*pair) for pair in zip(cold, warm, strict=True))  # type: ignore[arg-type]


@COLD
def test_a_live_fill_still_begins_with_the_best() -> None:
    levels: list[int] = []
    warm_up(adaptive("propagate", EngineOptions(), levels.append))
    assert levels == [0]


def test_a_model_that_is_no_good_is_said_before_a_frame_comes() -> None:
    def start() -> object:
        raise ModelError("there is no checkpoint")

    with pytest.raises(ModelError, match="no checkpoint"):
        warm_up(replace(find_engine("blank"), start=start))  # type: ignore[arg-type]
