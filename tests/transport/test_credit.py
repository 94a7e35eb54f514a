"""Credit bounds what is in flight, and never runs dry for good: whatever is sent and read in whatever order."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transport.credit import Allowance, Credit
from transport.errors import TooLarge, WireError


class Wire:
    """A sender with messages to send and a receiver that reads them in turn; both may be slow."""

    def __init__(self, budget: int, sizes: list[int]) -> None:
        self.budget, self.waiting = budget, deque(sizes)
        self.credit, self.allowance = Credit(), Allowance(budget)
        self.flying: deque[int] = deque()
        self.arrived: deque[int] = deque()
        self.grants: deque[int] = deque([budget])

    def moves(self) -> list[str]:
        """Return what can happen next."""
        may_send = self.waiting and self.credit.granted and self.credit.covers(self.waiting[0])
        able = {"send": may_send, "arrive": self.flying, "read": self.arrived, "grant": self.grants}
        return [move for move, possible in able.items() if possible]

    def make(self, move: str) -> None:
        """Let one thing happen, and check what must hold after it."""
        match move:
            case "send":
                self.credit.spend(self.waiting[0])
                self.flying.append(self.waiting.popleft())
            case "arrive":
                assert self.allowance.arrived(self.flying[0])
                self.arrived.append(self.flying.popleft())
            case "read":
                self.allowance.consumed(self.arrived.popleft())
                if amount := self.allowance.due():
                    self.grants.append(amount)
            case "grant":
                self.credit.grant(self.grants.popleft())
        assert self.allowance.held == sum(self.arrived)
        assert self.credit.left >= 0
        assert sum(self.flying) + sum(self.arrived) + self.credit.left + sum(self.grants) <= self.budget


@st.composite
def wires(draw: st.DrawFn) -> Wire:
    budget = draw(st.integers(1, 100))
    size = st.integers(0, budget) | st.integers(0, max(1, budget // 8)) | st.just(budget)
    return Wire(budget, draw(st.lists(size, max_size=40)))


@given(wires(), st.randoms())
def test_every_message_gets_through_within_the_budget_in_whatever_order_things_happen(
    wire: Wire, dice: st.DataObject
) -> None:
    total = len(wire.waiting)
    for _ in range(4 * total + 2 * total + 2):
        if not (moves := wire.moves()):
            break
        wire.make(dice.choice(moves))  # type: ignore[attr-defined]
    assert not wire.moves()
    assert not wire.waiting  # nothing can happen any more, and nothing was left behind


@given(wires())
def test_a_reader_that_lets_everything_pile_up_first_still_gets_everything(wire: Wire) -> None:
    order = ["grant", "send", "arrive", "read"]
    while moves := wire.moves():
        wire.make(min(moves, key=order.index))
    assert not wire.waiting


@given(st.integers(1, 100), st.lists(st.integers(0, 100), max_size=20))
def test_what_comes_without_leave_is_noticed(budget: int, sizes: list[int]) -> None:
    allowance = Allowance(budget)
    for upto in range(len(sizes)):
        assert allowance.arrived(sizes[upto]) == (sum(sizes[: upto + 1]) <= budget)


def test_what_was_read_but_not_granted_again_is_not_there_to_be_used() -> None:
    allowance = Allowance(100)
    assert allowance.arrived(10)
    assert allowance.arrived(80)
    allowance.consumed(10)
    assert allowance.due() == 0  # too little to be worth a note, while there is more to come
    assert not allowance.arrived(11)


def test_small_returns_are_gathered_and_the_last_one_is_not_kept_back() -> None:
    allowance = Allowance(80)
    for _ in range(4):
        assert allowance.arrived(4)
    told = []
    for _ in range(4):
        allowance.consumed(4)
        told.append(allowance.due())
    assert told == [0, 0, 12, 4]


def test_a_message_that_no_credit_will_ever_cover_is_named() -> None:
    credit = Credit()
    assert not credit.covers(1)  # nothing was granted yet, so nothing is known
    credit.grant(100)
    assert credit.covers(100)
    credit.spend(60)
    assert not credit.covers(100)
    with pytest.raises(TooLarge, match="a message of 101 bytes on a link that holds 100"):
        credit.covers(101)


def test_nobody_spends_what_he_does_not_have() -> None:
    credit = Credit()
    credit.grant(5)
    with pytest.raises(ValueError, match="6 bytes sent on a credit of 5"):
        credit.spend(6)


def test_a_peer_cannot_take_credit_back() -> None:
    with pytest.raises(WireError, match="a grant of -1 bytes"):
        Credit().grant(-1)
