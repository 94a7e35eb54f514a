"""The fill of a live stream gets cheaper where there is no time for it, and better again."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from stages.inpaint.adapt import PATIENCE_S, RETRY_S, SMALLER, Adaptive, Pace, adaptive
from stages.inpaint.engine import DEFAULTS, EngineKind, EngineOptions, Picture, Reach
from stages.inpaint.engines import find_engine
from stages.pixels import Pixels
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

FRAME_S = 0.04


class Machine:
    """Frames at 25 a second, and fills that take so long; what there is no time for does not come."""

    def __init__(self, *costs: float) -> None:
        self.costs = list(costs)
        self.now = 100.0
        self.pace = Pace(len(costs), lambda: self.now)

    def run(self, seconds: float) -> list[int]:
        """Return the fill of every frame for some time."""
        levels, end = [], self.now + seconds
        while self.now < end:
            cost = self.costs[self.pace.level]
            interval = max(FRAME_S, FRAME_S * -(-cost // FRAME_S))
            self.now += interval
            self.pace.filled(interval, cost)
            levels.append(self.pace.level)
        return levels


def test_an_engine_that_keeps_up_stays() -> None:
    assert set(Machine(0.03, 0.01).run(60)) == {0}


def test_an_engine_that_leaves_every_second_frame_out_fills_a_smaller_picture() -> None:
    machine = Machine(0.02, 0.03, 0.01)
    machine.run(10)
    machine.costs[0] = 0.07
    assert set(machine.run(60)[-200:]) == {1}


def test_a_smaller_picture_of_which_every_second_is_left_out_stays_and_one_of_which_more_are_does_not() -> None:
    machine = Machine(0.02, 0.07, 0.01)
    machine.run(10)
    machine.costs[0] = 0.3
    assert set(machine.run(60)[-200:]) == {1}
    machine.costs[1] = 0.3
    assert set(machine.run(20)[-100:]) == {2}


def test_a_much_slower_engine_is_replaced_after_a_while() -> None:
    machine = Machine(0.02, 0.01)
    machine.run(10)
    machine.costs[0] = 0.3
    levels = machine.run(2 * PATIENCE_S + 3)
    assert levels[0] == 0
    assert levels[-1] == 1


def test_it_comes_back_when_there_is_time_again() -> None:
    machine = Machine(0.02, 0.01)
    machine.run(10)
    machine.costs[0] = 0.3
    machine.run(20)
    machine.costs[0] = 0.02
    assert machine.run(2 * RETRY_S)[-1] == 0


def test_what_fails_again_is_tried_less_and_less_often() -> None:
    machine = Machine(0.02, 0.01)
    machine.run(10)
    machine.costs[0] = 0.3
    levels = machine.run(600)
    tries = sum(a == 1 and b == 0 for a, b in pairwise(levels))
    assert 2 <= tries <= 6


def test_a_slow_stream_is_not_a_slow_engine() -> None:
    machine = Machine(0.01, 0.01)
    machine.run(10)
    for _ in range(1000):  # night: the camera gives 5 frames a second
        machine.now += 0.2
        machine.pace.filled(0.2, 0.01)
    assert machine.pace.level == 0


def test_the_same_engine_fills_smaller_pictures_before_the_cheapest_does(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[str, int]] = []

    def note(name: str, options: EngineOptions) -> EngineKind:
        found.append((name, options.working))
        return find_engine(name, options)

    monkeypatch.setattr("stages.inpaint.adapt.find_engine", note)
    adaptive("propagate", replace(DEFAULTS, working=400))
    adaptive("telea", DEFAULTS)
    adaptive("telea", replace(DEFAULTS, working=SMALLER))  # nothing is smaller, nor cheaper
    adaptive("blank", replace(DEFAULTS, working=SMALLER))  # it looks at no frame before, as the plate does
    small = ("telea", SMALLER)
    assert found == [("propagate", 400), ("propagate", SMALLER), ("telea", 0), small, small, ("blank", SMALLER), small]


def test_its_reach_is_that_of_the_engine_itself() -> None:
    assert adaptive("propagate", DEFAULTS).reach == find_engine("propagate").reach
    assert adaptive("telea", DEFAULTS).reach == find_engine("telea").reach


class Named:
    """An engine whose every pixel is its number."""

    def __init__(self, number: int) -> None:
        self.number, self.seen = number, 0

    def fill(self, window: Sequence[Picture]) -> Pixels:
        self.seen = len(window)
        return np.full((2, 2, 1), self.number, np.float32)


def test_the_fill_that_there_is_time_for_fills_with_its_own_part_of_the_window() -> None:
    engines = [Named(0), Named(1)]
    wide, narrow = Reach(offsets=(-1, 0, 1)), Reach(offsets=(0,))
    kinds = [
        EngineKind(reach=reach, state_bytes=lambda picture: 0, start=lambda engine=engine: engine)
        for reach, engine in zip((wide, narrow), engines, strict=True)
    ]
    pace = Pace(2)
    filling = Adaptive(kinds, wide.offsets, pace)
    gray = PictureFormat(width=4, height=2, pixel_format="gray")
    planes = (np.zeros((2, 4), np.uint8),)
    shown = MaskedFrame(
        frame=Frame(seq=0, pts=0, duration=1, key=False, format=gray, planes=planes),
        mask=Mask(box=Box(x=0, y=0, width=2, height=2), alpha=np.full((2, 2), 255, np.uint8)),
        shot=0,
        emit=True,
    )
    found = []
    for pace.level in (0, 1, 0):
        found.append(int(filling.fill([Picture(shown)] * 3)[0, 0, 0]))
    assert found == [0, 1, 0]
    assert [engine.seen for engine in engines] == [3, 1]
