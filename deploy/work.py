"""The link between segment and the inpaint replicas: frames of chunks go out, word of finished chunks comes back."""

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from deploy.dispatch import Dispatcher
from deploy.policy import Window
from transport import codec
from transport.credit import Credit
from transport.endpoint import Endpoint
from transport.errors import Silence
from transport.links import STALL_S, Arrival, Intake, Outlet
from transport.messages import Frame, MaskedFrame, Message, Packet, StreamInfo
from transport.notes import ChunkDone, ChunkEnd, End, Grant, Item, Leaving, Note, Received
from transport.peers import Peer
from transport.sockets import Hub

log = logging.getLogger(__name__)

MISSED_S = 3.0  # a chunk that encode waits for and nobody is free to do: then one is called off what it does

_Entry: TypeAlias = tuple[Arrival[MaskedFrame] | None]  # a frame, or the end of its chunk


class Distributor:
    """Segment's sink: masked frames go to the replicas by chunk, the pictures go on to encode, within one budget."""

    def __init__(
        self,
        hub: Hub,
        work: Endpoint,
        frames: Outlet,
        dispatcher: Dispatcher,
        *,
        packets_budget: int,
        window: Window | None = None,  # of a live source
        alone: bool = False,  # nobody replaces a replica that is lost
    ) -> None:
        self._hub, self._work, self._frames = hub, work, frames
        self.dispatcher, self._packets_budget, self._window = dispatcher, packets_budget, window
        self._credits: dict[str, Credit] = {}
        self._peers: dict[str, Peer] = {}
        self._forward: deque[tuple[StreamInfo | Packet | Frame, int]] = deque()  # to encode, in the order of the file
        self._packet_bytes = 0  # of what waits there and is not a frame, which the dispatcher keeps
        self._alone, self._missed = alone, 0.0  # since when, of time.monotonic(), a chunk is missed; 0 while none is
        work.link = self
        frames.told = self._told

    @property
    def held(self) -> int:
        """Bytes of frames and packets that wait here."""
        return self.dispatcher.held + self._packet_bytes

    def put(self, message: StreamInfo | Packet | MaskedFrame) -> None:
        """Take the next message of the stream as soon as the budget has room for it."""
        size = codec.cost(codec.encode(message))
        self._hub.wait(lambda: self._fits(message, size), deadline_s=STALL_S, what="room in the frame store")
        with self._hub.lock:
            if isinstance(message, MaskedFrame):
                self.dispatcher.add(message, size)
                self._forward.append((message.frame, 0))
            else:
                self._packet_bytes += size
                self._forward.append((message, size))
            self.flush()
        self._hub.pump(0)

    def _fits(self, message: Message, size: int) -> bool | None:
        self.flush()
        if isinstance(message, MaskedFrame):
            in_time = self._window is None or self._window.admits(message.frame.seq)
            return (in_time and self.dispatcher.fits(size)) or None
        return not self._packet_bytes or self._packet_bytes + size <= self._packets_budget or None

    def end(self) -> None:
        """No message follows: wait until encode has every frame and every patch, then let the replicas go."""
        with self._hub.lock:
            self.dispatcher.end()
            self.flush()
        self._hub.wait(self._all_sent, deadline_s=STALL_S, what="encode to take the last frames")
        self._frames.end()
        self._hub.wait(self._all_received, deadline_s=STALL_S, what="the last patches")
        with self._hub.lock:
            for peer in list(self._peers.values()):
                self._work.post(peer, End(items=0))

    def _all_sent(self) -> bool | None:
        self.flush()
        return True if not self._forward else None

    def _all_received(self) -> bool | None:
        self.flush()
        return self.dispatcher.complete or None

    def flush(self) -> None:
        """Send everything that there is credit for. Called with the hub's lock held, or before anything is sent."""
        with self._hub.lock:
            self._flush_frames()
            for name in self.dispatcher.by_chunk():
                self._flush_replica(name)
            for name in self.dispatcher.free_to_go():
                if name in self._peers:  # not gone while another was told
                    self._work.post(self._peers[name], End(items=0))
            if self._alone:
                self._call_off()

    def _call_off(self) -> None:
        """Forget a replica where a chunk has been missed for long: it begins anew, and with that chunk.

        Each may be stuck in a later one, without room for its frames here or for its patches at encode, until encode
        has the missed one; and what it has begun it cannot put aside.
        """
        now, name = time.monotonic(), self.dispatcher.furthest
        if not self.dispatcher.is_missed or name not in self._peers:
            self._missed = 0.0
        elif not self._missed:
            self._missed = now
        elif now - self._missed > MISSED_S:
            self._missed = 0.0
            log.warning("%s is called off what it does: encode waits for an earlier chunk that nobody has", name)
            self._work.lose(name, self._peers[name].incarnation)

    def _flush_frames(self) -> None:
        while self._forward and self._frames.offer(self._forward[0][0]):
            message, size = self._forward.popleft()
            self._packet_bytes -= size
            if isinstance(message, Frame):
                self.dispatcher.forwarded(message.seq)

    def _flush_replica(self, name: str) -> None:
        while name in self._peers and (order := self.dispatcher.order(name)) is not None:
            credit, peer = self._credits[name], self._peers[name]
            if order.masked is None:
                self.dispatcher.end_chunk(name)
                self._work.post(peer, ChunkEnd(chunk=order.chunk))
                return
            if not credit.covers(self.dispatcher.size(order.masked.frame.seq)):
                return
            parts = codec.encode(order.masked)
            credit.spend(codec.cost(parts))
            self.dispatcher.sent(name)
            self._work.post(peer, Item(chunk=order.chunk), parts)

    def _told(self, note: Note) -> None:
        """Hear what encode says beside END: credit, and how far the patches have come."""
        if isinstance(note, Received):
            self.dispatcher.received(note.upto)
            if self._window:
                self._window.received(note.upto, time.monotonic())
        self.flush()

    def joined(self, peer: Peer) -> None:
        """A replica came; its Grant follows."""
        self._peers[peer.name], self._credits[peer.name] = peer, Credit()
        self.dispatcher.join(peer.name)

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in credit and finished chunks, and send what they allow."""
        if isinstance(note, Grant):
            self._credits[peer.name].grant(note.amount)
        elif isinstance(note, ChunkDone):
            self.dispatcher.done(peer.name, note.chunk)
        elif isinstance(note, Leaving):
            self.dispatcher.leave(peer.name)
        self.flush()

    def lost(self, peer: Peer) -> None:
        """A replica went: its chunks go to another."""
        if self._peers.get(peer.name) is peer:
            del self._peers[peer.name], self._credits[peer.name]
            self.dispatcher.lose(peer.name)
            self.flush()


class WorkInlet:
    """A replica's source: chunk after chunk, the frames of each as they come."""

    def __init__(self, hub: Hub, endpoint: Endpoint, *, budget: int) -> None:
        self._hub, self._endpoint = hub, endpoint
        self._intake = Intake(endpoint, (MaskedFrame,), budget)
        self.arrived = 0
        self._items: deque[_Entry] = deque()
        self._chunks: deque[int] = deque()
        self._latest = -1
        self._ended = self._leaving = False
        endpoint.link = self

    def leave(self) -> None:
        """Ask to be let go as soon as the present chunk is done. Called with the hub's lock held."""
        if self._endpoint.peer.welcome and not self._leaving:
            self._leaving = True
            self._endpoint.post(self._endpoint.peer, Leaving())

    @property
    def held(self) -> int:
        """Bytes that have come and are not consumed."""
        return self._intake.allowance.held

    def chunks(self) -> Iterator[tuple[int, Iterator[MaskedFrame]]]:
        """Yield each chunk's number and its frames; a chunk that is left unread is read to its end."""
        while (chunk := self._hub.wait(self._next_chunk, deadline_s=STALL_S, what="a chunk")) >= 0:
            frames = self._frames()
            yield chunk, frames
            for _ in frames:
                pass
            self._endpoint.post(self._endpoint.peer, ChunkDone(chunk=chunk))

    def _next_chunk(self) -> int | None:
        if self._chunks:
            return self._chunks.popleft()
        return -1 if self._ended else None

    def _frames(self) -> Iterator[MaskedFrame]:
        while True:
            (arrival,) = self._hub.wait(self._next_item, deadline_s=STALL_S, what="the next frame")
            if arrival is None:
                return
            masked, cost = arrival.message, arrival.cost
            self._hub.on_taken(*arrival.waits())
            del arrival
            yield masked
            del masked
            with self._hub.lock:
                self._intake.give_back(self._endpoint.peer, cost)

    def _next_item(self) -> _Entry | None:
        return self._items.popleft() if self._items else None

    def joined(self, peer: Peer) -> None:
        """Grant the dispatcher the whole budget."""
        self._intake.open(peer)

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in a frame, the end of a chunk, or the end of all."""
        if isinstance(note, Item | ChunkEnd) and note.chunk != self._latest:
            self._latest = note.chunk
            self._chunks.append(note.chunk)
        if isinstance(note, Item):
            self._items.append((self._intake.take(peer, note, parts),))
            self.arrived += 1
        elif isinstance(note, ChunkEnd):  # maybe without a frame before it: encode has all of the chunk by now
            self._latest = -1
            self._items.append((None,))
        elif isinstance(note, End):
            self._ended = True

    def lost(self, peer: Peer) -> None:
        """Without its dispatcher a replica has nothing to do."""
        if not self._ended:
            raise Silence(f"{peer.name or self._endpoint.address} is gone after {self.arrived} frames")
