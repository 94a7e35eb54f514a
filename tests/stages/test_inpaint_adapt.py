"""The fill of a live stream gets cheaper where there is no time for it, and better again."""

from itertools import pairwise

from stages.inpaint.adapt import PATIENCE_S, RETRY_S, Pace, adaptive
from stages.inpaint.engine import DEFAULTS
from stages.inpaint.engines import find_engine

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


def test_an_engine_that_leaves_every_second_frame_out_stays() -> None:
    machine = Machine(0.02, 0.01)
    machine.run(10)
    machine.costs[0] = 0.07
    assert set(machine.run(60)) == {0}


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


def test_its_reach_is_that_of_the_engine_itself() -> None:
    assert adaptive("propagate", DEFAULTS).reach == find_engine("propagate").reach
    assert adaptive("telea", DEFAULTS).reach == find_engine("telea").reach
