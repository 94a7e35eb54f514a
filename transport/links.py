"""The two ends of a one-way stream: an Outlet sends within its credit, an Inlet grants it and hands the items on.

END is acknowledged only when every item has arrived, and the sender waits for that: nothing is lost at the tail,
whoever exits first.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from transport import codec
from transport.credit import Allowance, Credit
from transport.endpoint import Endpoint
from transport.errors import Silence, WireError
from transport.messages import Message
from transport.notes import End, Ended, Grant, Item, Note
from transport.peers import Peer
from transport.sockets import Hub

M = TypeVar("M", bound=Message)
STALL_S = 3600.0  # a live peer that takes or gives nothing for so long is given up


def read_message(peer: Peer, parts: Sequence[codec.Part]) -> tuple[Message, int]:
    """Return the message behind a peer's Item note, and what it costs in credit; WireError, naming the peer."""
    try:
        message = codec.decode(parts)
    except WireError as error:
        raise WireError(f"{peer.name}: {error}") from error
    if not isinstance(message, Message):
        raise WireError(f"{peer.name}: a {type(message).__name__} where a message was expected")
    return message, codec.cost(parts)


class Outlet:
    """Sends a stream to the one peer that a connecting endpoint has."""

    def __init__(self, hub: Hub, endpoint: Endpoint, *, stall_s: float = STALL_S) -> None:
        self._hub, self._endpoint, self._stall_s = hub, endpoint, stall_s
        self.credit = Credit()
        self.sent = 0
        self.told: Callable[[Note], None] = lambda note: None  # also hears what the peer says beside the items
        self._ended = False
        endpoint.link = self

    def send(self, message: Message, *, chunk: int = -1) -> None:
        """Send one message as soon as there is credit for it."""
        parts = codec.encode(message)
        cost = codec.cost(parts)
        self._hub.wait(
            lambda: self.credit.covers(cost) or None,
            deadline_s=self._stall_s,
            what=f"credit at {self._endpoint.address}",
        )
        with self._hub.lock:
            self.credit.spend(cost)
            self._endpoint.post(self._endpoint.peer, Item(chunk=chunk), parts)
            self.sent += 1

    def offer(self, message: Message) -> bool:
        """Send one message if there is credit for it now; tell whether it was sent."""
        parts = codec.encode(message)
        cost = codec.cost(parts)
        with self._hub.lock:
            if not self.credit.covers(cost):
                return False
            self.credit.spend(cost)
            self._endpoint.post(self._endpoint.peer, Item(), parts)
            self.sent += 1
            return True

    def end(self) -> None:
        """Say that this was all, and wait until the peer has it all."""
        self._endpoint.post(self._endpoint.peer, End(items=self.sent))
        self._hub.wait(lambda: self._ended or None, deadline_s=self._stall_s, what="the last items to be taken")

    def joined(self, peer: Peer) -> None:
        """The peer's first Grant follows."""

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in credit, and the acknowledgement of the end."""
        if isinstance(note, Grant):
            self.credit.grant(note.amount)
        elif isinstance(note, Ended):
            self._ended = True
        self.told(note)

    def lost(self, peer: Peer) -> None:
        """Without its peer the stream cannot go on."""
        if not self._ended:
            raise Silence(f"{peer.name or self._endpoint.address} is gone after {self.sent} items were sent to it")


@dataclass(slots=True, kw_only=True, eq=False)
class Arrival(Generic[M]):
    """A message that waits to be taken."""

    message: M
    cost: int  # bytes of credit
    sent: float  # seconds since 1970, by the sender's clock: between machines as good as their clocks agree
    came: float = field(default_factory=time.time)

    def waits(self) -> tuple[float, float]:
        """Return the seconds that it was under way, and those that it has waited here since."""
        return max(0.0, self.came - self.sent), max(0.0, time.time() - self.came)


class Intake(Generic[M]):
    """What one sender may have at this end: granted in bytes, checked as it comes, given back when it is consumed."""

    def __init__(self, endpoint: Endpoint, kinds: tuple[type[M], ...], budget: int) -> None:
        self._endpoint, self._kinds = endpoint, kinds
        self.allowance = Allowance(budget)

    def open(self, peer: Peer) -> None:
        """Grant the sender the whole budget."""
        self._endpoint.post(peer, Grant(amount=self.allowance.budget))

    def take(self, peer: Peer, item: Item, parts: Sequence[codec.Part]) -> Arrival[M]:
        """Return the message behind an Item note; WireError if it is not one of those expected."""
        message, cost = read_message(peer, parts)
        if not isinstance(message, self._kinds) or not self.allowance.arrived(cost):
            raise WireError(f"{peer.name} sent a {type(message).__name__} that it had no leave to send")
        return Arrival(message=message, cost=cost, sent=item.sent)

    def give_back(self, peer: Peer, cost: int) -> None:
        """Count a message as consumed, and grant its bytes again if its sender is still there."""
        self.allowance.consumed(cost)
        amount = self.allowance.due()
        if amount and self._endpoint.peers.get(peer.id) is peer:
            self._endpoint.post(peer, Grant(amount=amount))


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[M]):
    arrival: Arrival[M]
    peer: Peer  # whom it costs credit, and
    intake: Intake[M]  # where that is counted


class Inlet(Generic[M]):
    """Receives a stream of the given kinds from the one sender that a bound endpoint accepts.

    Holds at most `budget` bytes of it, beside the item that its consumer has in hand. With `rejoin` the sender may go
    at any time, and another go on with the stream.
    """

    def __init__(
        self,
        hub: Hub,
        endpoint: Endpoint,
        kinds: tuple[type[M], ...],
        *,
        budget: int,
        stall_s: float = STALL_S,
        rejoin: bool = False,
    ) -> None:
        self._hub, self._endpoint, self._stall_s = hub, endpoint, stall_s
        self._kinds, self._budget, self._rejoin = kinds, budget, rejoin
        self.arrived = 0  # items from the present sender
        self._items: deque[_Waiting[M]] = deque()
        self._sender: Peer | None = None
        self._intake: Intake[M] = Intake(endpoint, kinds, budget)  # of the present sender
        self._total: int | None = None
        endpoint.link = self

    def __iter__(self) -> Iterator[M]:
        """Yield the items as they come; one is given back to the credit when the next is asked for."""
        while True:
            found: _Waiting[M] | Literal[False] = self._hub.wait(
                self._next, deadline_s=self._stall_s, what="the next item"
            )
            if found is False:
                return
            message = self._take(found)
            del found
            yield message
            del message
            self._consumed()

    def ticking(self, tick_s: float) -> Iterator[M | None]:
        """Yield the items as `iter` does, and None whenever none has come for so many seconds."""
        while True:
            found: _Waiting[M] | Literal[False] | None = self._hub.wait_until(self._next, tick_s)
            if found is False:
                return
            message = self._take(found) if found else None
            del found
            yield message
            if message is not None:
                del message
                self._consumed()

    def abandon(self) -> None:
        """Take nothing more, and do not mind when the sender goes."""
        self._items.clear()
        self._total = self.arrived

    def _next(self) -> _Waiting[M] | Literal[False] | None:
        if self._items:
            return self._items.popleft()
        return False if self._total is not None else None

    def _take(self, found: _Waiting[M]) -> M:
        self._hub.on_taken(*found.arrival.waits())
        self._in_hand = found.arrival.cost, found.peer, found.intake
        return found.arrival.message

    def _consumed(self) -> None:
        cost, peer, intake = self._in_hand
        with self._hub.lock:
            intake.give_back(peer, cost)

    @property
    def held(self) -> int:
        """Bytes that have come and are not consumed."""
        return self._intake.allowance.held

    def joined(self, peer: Peer) -> None:
        """Grant the sender the whole budget."""
        if self._sender is not None:
            raise WireError(f"{peer.name} wants to begin a stream that {self._sender.name} has begun")
        self._sender, self.arrived = peer, 0
        self._intake = Intake(self._endpoint, self._kinds, self._budget)
        self._intake.open(peer)

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in an item or the end."""
        if self._total is not None:
            return
        if isinstance(note, Item):
            self._items.append(_Waiting(self._intake.take(peer, note, parts), peer, self._intake))
            self.arrived += 1
        elif isinstance(note, End):
            if note.items != self.arrived:
                raise WireError(f"{peer.name} ended after {note.items} items, {self.arrived} arrived")
            self._total = note.items
            self._endpoint.post(peer, Ended())

    def lost(self, peer: Peer) -> None:
        """A sender may go once it has ended its stream, not before, unless another may go on with it."""
        if self._total is None and not self._rejoin:
            raise Silence(f"{peer.name} is gone; {self.arrived} items had come from it, and no end")
        self._sender = None
