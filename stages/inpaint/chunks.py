"""A stream of masked frames in, chunks of it out: the unit of parallel work, cut the same way wherever it is cut."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from transport.messages import MaskedFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """Where chunks begin and end, and what each one needs to look at beside its own frames."""

    length: int  # frames that a chunk emits; the last one emits what is left
    lead_in: int  # frames before it
    look_ahead: int  # frames after it

    def __post_init__(self) -> None:
        if self.length < 1 or self.lead_in < 0 or self.look_ahead < 0:
            raise ValueError(f"a chunk has at least 1 frame and nothing negative around it: {self}")

    def chunk_of(self, seq: int) -> int:
        """Return the chunk that emits frame `seq`."""
        return seq // self.length

    def emitted(self, chunk: int) -> range:
        """Return the frames that a chunk emits."""
        return range(chunk * self.length, (chunk + 1) * self.length)

    def needed(self, chunk: int) -> range:
        """Return the frames that a chunk looks at, as far as the stream has them."""
        own = self.emitted(chunk)
        return range(max(own.start - self.lead_in, 0), own.stop + self.look_ahead)


def chunked(frames: Iterable[MaskedFrame], plan: ChunkPlan) -> Iterator[Iterator[MaskedFrame]]:
    """Yield for every chunk its frames, `emit` being true for those that are its own.

    A chunk's frames are passed on as they come. As with itertools.groupby, asking for the next chunk ends the one
    before. Holds lead_in + look_ahead + 1 frames.
    """
    stream = _Stream(iter(frames), plan.lead_in + plan.look_ahead + 1)
    chunk = 0
    while stream.reaches(plan.emitted(chunk).start):
        yield _frames(stream, plan, chunk)
        chunk += 1


def marked(frame: MaskedFrame, plan: ChunkPlan, chunk: int) -> MaskedFrame:
    """Return the frame as a chunk sees it: to be emitted, or only to be looked at."""
    return replace(frame, emit=plan.chunk_of(frame.frame.seq) == chunk)


def _frames(stream: "_Stream", plan: ChunkPlan, chunk: int) -> Iterator[MaskedFrame]:
    for seq in plan.needed(chunk):
        if not stream.reaches(seq):
            return
        yield marked(stream.at(seq), plan, chunk)


class _Stream:
    """The latest frames of a stream, by seq."""

    def __init__(self, frames: Iterator[MaskedFrame], limit: int) -> None:
        self._frames = frames
        self._held: deque[MaskedFrame] = deque(maxlen=limit)

    def reaches(self, seq: int) -> bool:
        """Take frames until `seq` has come; False when the stream ends before."""
        while not self._held or self._held[-1].frame.seq < seq:
            frame = next(self._frames, None)
            if frame is None:
                return False
            self._held.append(frame)
        return True

    def at(self, seq: int) -> MaskedFrame:
        """Return a frame that has come and is still held."""
        return self._held[seq - self._held[0].frame.seq]
