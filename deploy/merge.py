"""Encode's source: pictures from segment, in order, and patches from the replicas, in any order, made one stream."""

from collections.abc import Iterator, Sequence

from transport import codec
from transport.endpoint import Endpoint
from transport.errors import WireError
from transport.links import STALL_S, Arrival, Inlet, Intake
from transport.messages import CleanFrame, Frame, Packet, Patch, StreamInfo
from transport.notes import Item, Note, Received
from transport.order import Reorder
from transport.peers import Peer
from transport.sockets import Hub


class Merge:
    """The bound end of every link into encode.

    A picture without its patch never passes: what could not be cleaned does not get out.
    """

    def __init__(
        self,
        hub: Hub,
        endpoint: Endpoint,
        *,
        frames_budget: int,
        patch_budget: int,
    ) -> None:
        self._hub, self._endpoint = hub, endpoint
        self._frames: Inlet[StreamInfo | Packet | Frame] = Inlet(
            hub, endpoint, (StreamInfo, Packet, Frame), budget=frames_budget
        )
        self._patch_budget = patch_budget  # bytes of patches that each replica may have here
        self._patches: Reorder[_Waiting] = Reorder()
        self._intakes: dict[bytes, Intake[Patch]] = {}  # of every replica, until its last patch is taken
        self._segment: Peer | None = None
        self.filled = 0
        endpoint.link = self

    @property
    def duplicates(self) -> int:
        """Patches that came twice, because their chunk was given out twice."""
        return self._patches.duplicates

    @property
    def early(self) -> int:
        """Patches that came before their turn."""
        return len(self._patches)

    @property
    def held(self) -> int:
        """Bytes of pictures and patches that wait here."""
        return self._frames.held + sum(intake.allowance.held for intake in self._intakes.values())

    def __iter__(self) -> Iterator[StreamInfo | Packet | CleanFrame]:
        for message in self._frames:
            if isinstance(message, Frame):
                what = f"the patch of frame {message.seq}"
                yield self._clean(message, self._hub.wait(self._patches.take, deadline_s=STALL_S, what=what))
            else:
                yield message

    def ticking(self, tick_s: float) -> Iterator[StreamInfo | Packet | CleanFrame | None]:
        """Yield the stream as `iter` does, and None whenever nothing of it has come for so many seconds."""
        for message in self._frames.ticking(tick_s):
            if isinstance(message, Frame):
                while (waiting := self._hub.wait_until(self._patches.take, tick_s)) is None:
                    yield None
                yield self._clean(message, waiting)
            else:
                yield message

    def _clean(self, frame: Frame, waiting: "_Waiting") -> CleanFrame:
        if waiting.seq != frame.seq:
            raise WireError(f"frame {frame.seq} came where frame {waiting.seq} was due")
        self._hub.on_taken(*waiting.arrival.waits())
        with self._hub.lock:
            self._give_back(waiting)
            self._report()
        patch = waiting.arrival.message
        self.filled += not patch.mask.empty
        try:
            return CleanFrame(frame=frame, patch=patch)
        except ValueError as error:
            raise WireError(f"{waiting.peer.name} sent a patch that does not fit: {error}") from error

    def _give_back(self, waiting: "_Waiting") -> None:
        peer = waiting.peer
        intake = self._intakes[peer.id]
        intake.give_back(peer, waiting.arrival.cost)  # which may be how we learn that it is lost
        if not intake.allowance.held and peer.id not in self._endpoint.peers:
            self._intakes.pop(peer.id, None)

    def _report(self) -> None:
        """Tell segment how far the patches have come, at each: word held back could be what it waits for, full."""
        if self._segment is not None:
            self._endpoint.post(self._segment, Received(upto=self._patches.next))

    def joined(self, peer: Peer) -> None:
        """Grant segment room for pictures, and every replica room for patches."""
        if peer.role == "segment":
            self._segment = peer
            self._frames.joined(peer)
        else:
            self._intakes[peer.id] = Intake(self._endpoint, (Patch,), self._patch_budget)
            self._intakes[peer.id].open(peer)

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in a picture, a patch, or the end of the pictures."""
        if peer.role == "segment":
            self._frames.heard(peer, note, parts)
        elif isinstance(note, Item):
            waiting = _Waiting(self._intakes[peer.id].take(peer, note, parts), peer)
            if not self._patches.add(waiting):
                self._give_back(waiting)

    def lost(self, peer: Peer) -> None:
        """A replica may go at any time: what it has sent is kept, the rest comes from another."""
        if peer.role == "segment":
            self._frames.lost(peer)
        elif peer.id in self._intakes and not self._intakes[peer.id].allowance.held:
            del self._intakes[peer.id]


class _Waiting:
    """A patch that came, and whose credit it costs."""

    __slots__ = ("arrival", "peer", "seq")

    def __init__(self, arrival: Arrival[Patch], peer: Peer) -> None:
        self.arrival, self.peer, self.seq = arrival, peer, arrival.message.seq
