"""Whatever order things arrive in, they leave by number, once; what never comes is named; what waits is bounded."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from transport.errors import StreamGap
from transport.order import Reorder, in_order


@dataclass(frozen=True, slots=True)
class Thing:
    seq: int


shuffled = st.integers(1, 40).flatmap(lambda total: st.permutations(range(total)))


@given(shuffled, st.data())
def test_any_order_with_any_repeats_leaves_as_the_numbers_count(order: list[int], data: st.DataObject) -> None:
    arriving = list(order)
    for again in data.draw(st.lists(st.sampled_from(order), max_size=10)):
        arriving.insert(data.draw(st.integers(0, len(arriving))), again)
    leaving = in_order(map(Thing, arriving), limit=len(order))
    assert [thing.seq for thing in leaving] == sorted(order)


@given(shuffled, st.data())
def test_a_repeat_is_counted_and_not_taken(order: list[int], data: st.DataObject) -> None:
    reorder: Reorder[Thing] = Reorder()
    taken = 0
    for at, seq in enumerate(order):
        first = Thing(seq)
        assert reorder.add(first)
        assert not reorder.add(Thing(data.draw(st.sampled_from(order[: at + 1]))))
        while data.draw(st.booleans()) and (due := reorder.take()) is not None:
            assert due.seq == taken
            taken += 1
        assert len(reorder) == at + 1 - taken
    assert reorder.duplicates == len(order)


def test_a_thing_leaves_as_soon_as_all_before_it_have() -> None:
    waiting = iter(range(4))
    arriving = ((next(waiting), Thing(seq))[1] for seq in (1, 0, 3, 2))
    leaving = in_order(arriving, limit=4)
    assert [next(leaving).seq, next(leaving).seq, next(waiting)] == [0, 1, 2]  # two had arrived


@given(shuffled, st.data())
def test_what_never_comes_is_named(order: list[int], data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(order))
    assume(lost != max(order))
    left: list[int] = []
    with pytest.raises(StreamGap, match=f"frame {lost} never arrived; {max(order) - lost} later") as caught:
        left.extend(thing.seq for thing in in_order((Thing(seq) for seq in order if seq != lost), limit=99))
    assert caught.value.missing == lost


@given(shuffled, st.integers(0, 10))
def test_no_more_than_the_limit_and_one_are_ever_kept_waiting(order: list[int], limit: int) -> None:
    arrived = left = 0

    def arriving() -> Iterator[Thing]:
        nonlocal arrived
        for seq in order:
            assert arrived - left <= limit
            arrived += 1
            yield Thing(seq)

    most = max(sum(later > seq for later in order[: order.index(seq)]) for seq in order)  # that wait for one
    missing = None
    try:
        for thing in in_order(arriving(), limit=limit):
            assert thing.seq == left
            left += 1
    except StreamGap as gap:
        missing = gap.missing
    assert missing == (left if most > limit else None)
    assert missing is not None or left == len(order)
