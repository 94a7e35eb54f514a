"""The window against a plain list, and what it holds and waits for."""

from hypothesis import given
from hypothesis import strategies as st

from stages.inpaint.window import mirror, windows

OFFSETS = st.lists(st.integers(-8, 8), min_size=1, max_size=6, unique=True).map(sorted)


def reflected(length: int, index: int) -> int:
    """Walk step by step, turning round at the ends."""
    place, way = 0, 1 if index > 0 else -1
    for _ in range(abs(index)):
        if not 0 <= place + way < length:
            way = -way
        place += way if length > 1 else 0
    return place


@given(length=st.integers(0, 40), offsets=OFFSETS)
def test_a_window_is_what_a_mirrored_list_holds(length: int, offsets: list[int]) -> None:
    items = list(range(100, 100 + length))
    come = [min(t + max(offsets[-1], 0) + 1, length) for t in range(length)]
    expected = [tuple(items[reflected(come[t], t + offset)] for offset in offsets) for t in range(length)]
    assert list(windows(iter(items), offsets)) == expected


def test_a_reflection_does_not_repeat_the_edge() -> None:
    assert [mirror(i, 4) for i in range(-4, 8)] == [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]
    assert {mirror(i, 1) for i in range(-3, 4)} == {0}


def test_a_window_waits_for_its_future_and_no_longer() -> None:
    taken: list[int] = []
    stream = windows((taken.append(i) or i for i in range(20)), (-1, 0, 6))
    assert next(stream) == (1, 0, 6)
    assert taken == list(range(7))
    assert next(stream) == (0, 1, 7)
    assert taken == list(range(8))


def test_a_window_that_looks_at_the_past_alone_waits_for_nothing() -> None:
    taken: list[int] = []
    stream = windows((taken.append(i) or i for i in range(20)), (-1, 0))
    assert [(next(stream), len(taken)) for _ in range(3)] == [((0, 0), 1), ((0, 1), 2), ((1, 2), 3)]


class Alive:
    """Counts how many of its kind are held by somebody."""

    count = most = 0

    def __init__(self) -> None:
        Alive.count += 1
        Alive.most = max(Alive.most, Alive.count)

    def __del__(self) -> None:
        Alive.count -= 1


def test_a_window_holds_no_more_than_it_spans() -> None:
    Alive.most = Alive.count
    for window in windows((Alive() for _ in range(200)), (-2, 0, 5)):
        assert len(window) == 3
        del window
    assert Alive.most <= 2 + 5 + 1 + 1
