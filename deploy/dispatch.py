"""Which replica gets which frame: chunks stick to a replica, and are given anew when it dies. Pure; no sockets.

Frames are kept from their arrival until encode has the patch of every frame of their chunk, because a chunk that is
begun again needs all of it. What is kept is bounded by `budget` bytes.
"""

from dataclasses import dataclass

from stages.errors import OptionError
from stages.inpaint.chunks import ChunkPlan, marked
from transport.messages import MaskedFrame


@dataclass(slots=True, eq=False)
class Replica:
    """One inpaint process, and how far its present chunk has been sent to it."""

    chunk: int | None = None
    cursor: int = 0  # seq of the next frame to send
    whole_sent: bool = False  # and the end of the chunk too
    latest: int = -1  # the last chunk that it has done
    leaving: bool = False  # it wants no further chunk


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """One thing to send to a replica: a frame of its chunk, or (masked is None) the end of the chunk."""

    chunk: int
    masked: MaskedFrame | None  # marked as the chunk sees it: to be emitted, or only to be looked at


class Dispatcher:
    """Keeps frames, hands chunks to replicas in order, and takes them back from the dead."""

    def __init__(self, plan: ChunkPlan, budget: int) -> None:
        self.plan, self.budget = plan, budget
        self.held = 0  # bytes
        self.redispatched = 0  # frames given to a second replica
        self._frames: dict[int, tuple[MaskedFrame, int]] = {}
        self._seen = 0  # frames that came
        self._oldest = 0  # seq of the oldest frame kept
        self._received = 0  # encode has every patch before this seq
        self._forwarded = 0  # frames before this seq were sent on to encode
        self._ended = False
        self._replicas: dict[str, Replica] = {}
        self._owners: dict[int, str] = {}  # of every chunk given out and not complete
        self._next = 0  # the chunk to give out next, beside those that were taken back
        self._returned: set[int] = set()

    @property
    def complete(self) -> bool:
        """The stream has ended and encode has every patch."""
        return self._ended and self._received >= self._seen

    @property
    def is_missed(self) -> bool:
        """Tell whether encode waits for a chunk that was taken back and that nobody has."""
        return self._received // self.plan.length in self._returned and not self.complete

    @property
    def furthest(self) -> str | None:
        """The replica whose work encode needs last."""
        ahead = {name: max(replica.chunk or 0, replica.latest) for name, replica in self._replicas.items()}
        return max(ahead, key=lambda name: ahead[name], default=None)

    @property
    def lag_s(self) -> float:
        """How much later the newest frame was read than the oldest one whose patch encode does not have.

        Not its age: while a source is silent, the frames that wait for the next ones are no sign of slowness.
        """
        newest, oldest = self._frames.get(self._seen - 1), self._frames.get(self._received)
        return max(0.0, newest[0].frame.read - oldest[0].frame.read) if newest and oldest else 0.0

    def fits(self, size: int) -> bool:
        """Tell whether another frame of so many bytes may be added now; OptionError if it never could be.

        The oldest chunk must always fit as a whole, with its lead-in and look-ahead: else it could never be completed.
        """
        needed = self.plan.needed(self._received // self.plan.length)
        stuck = self._seen in needed and self._oldest >= needed.start
        if stuck and self.held + size > self.budget:
            whole = size * len(needed)
            raise OptionError(
                f"{self.budget} bytes cannot hold a chunk of {len(needed)} frames of {size} bytes; {whole} would do"
            )
        return self.held + size <= self.budget

    def add(self, masked: MaskedFrame, size: int) -> None:
        """Keep the next frame of the stream, which takes so many bytes."""
        if masked.frame.seq != self._seen:
            raise ValueError(f"frame {masked.frame.seq} came where {self._seen} was due")
        self._frames[masked.frame.seq] = (masked, size)
        self.held += size
        self._seen += 1

    def end(self) -> None:
        """No frame will be added any more."""
        self._ended = True

    def forwarded(self, seq: int) -> None:
        """A frame was sent on to encode."""
        self._forwarded = seq + 1
        self._release()

    def received(self, upto: int) -> None:
        """Encode has every patch before `upto`."""
        self._received = max(self._received, upto)
        for chunk in [chunk for chunk in self._owners if self._complete(chunk)]:
            del self._owners[chunk]
        self._release()

    def join(self, name: str) -> None:
        """A replica is there and has nothing to do; if it was here before, that life is over."""
        self.lose(name)
        self._replicas[name] = Replica()

    def lose(self, name: str) -> None:
        """A replica is gone: what it had and encode does not have is given out anew."""
        replica = self._replicas.pop(name, None)
        for chunk, owner in list(self._owners.items()):
            if owner == name:
                del self._owners[chunk]
                self._returned.add(chunk)
                first = chunk * self.plan.length
                sent = replica.cursor if replica and replica.chunk == chunk else first + self.plan.length
                self.redispatched += max(0, min(sent, first + self.plan.length, self._seen) - first)

    def done(self, name: str, chunk: int) -> None:
        """A replica has sent every patch of its chunk."""
        replica = self._replicas.get(name)
        if replica is not None and replica.chunk == chunk:
            replica.chunk, replica.latest = None, max(replica.latest, chunk)

    def leave(self, name: str) -> None:
        """A replica wants to go: it gets no chunk any more."""
        self._replicas[name].leaving = True

    def free_to_go(self) -> list[str]:
        """Return the replicas that want to go and of which nothing is needed: encode has every patch of theirs."""
        needed = set(self._owners.values())
        return [name for name, replica in self._replicas.items() if replica.leaving and name not in needed]

    def order(self, name: str) -> Order | None:
        """Return what is to be sent to a replica next, if anything is; `sent` confirms it."""
        replica = self._replicas[name]
        if replica.chunk is None and (replica.leaving or not self._assign(name, replica)):
            return None
        chunk = replica.chunk
        assert chunk is not None
        if replica.whole_sent:
            return None
        whole = replica.cursor >= self.plan.needed(chunk).stop or (self._ended and replica.cursor >= self._seen)
        if whole or self._complete(chunk):  # complete: given out anew, but the dead replica's patches did arrive
            return Order(chunk, None)
        if replica.cursor >= self._seen:
            return None
        return Order(chunk, marked(self._frames[replica.cursor][0], self.plan, chunk))

    def size(self, seq: int) -> int:
        """Return the bytes of a frame that is kept."""
        return self._frames[seq][1]

    def sent(self, name: str) -> None:
        """The order of this replica was carried out."""
        self._replicas[name].cursor += 1

    def end_chunk(self, name: str) -> None:
        """The replica was told that it has the whole chunk."""
        self._replicas[name].whole_sent = True

    def by_chunk(self) -> list[str]:
        """Return the replicas, those with the oldest chunks first: what encode waits for must not wait for others."""
        return sorted(self._replicas, key=lambda name: (self._replicas[name].chunk is None, self._replicas[name].chunk))

    def _assign(self, name: str, replica: Replica) -> bool:
        self._returned = {chunk for chunk in self._returned if not self._complete(chunk)}
        if self._returned:
            chunk = min(self._returned)
            if replica.latest > chunk and not self._complete(replica.latest):
                return False  # its patches wait at encode for this very chunk, and hold the credit that it would need
            self._returned.remove(chunk)
        elif self._next * self.plan.length < self._seen:
            chunk = self._next
            self._next += 1
        else:
            return False
        replica.chunk, replica.cursor, replica.whole_sent = chunk, self.plan.needed(chunk).start, False
        self._owners[chunk] = name
        return True

    def _complete(self, chunk: int) -> bool:
        end = (chunk + 1) * self.plan.length
        return self._received >= (min(end, self._seen) if self._ended else end)

    def _release(self) -> None:
        keep = self.plan.needed(self._received // self.plan.length).start
        if self.complete:
            keep = self._seen
        while self._oldest < min(keep, self._forwarded):
            _, size = self._frames.pop(self._oldest)
            self.held -= size
            self._oldest += 1
