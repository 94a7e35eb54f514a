"""The whole pipeline in one process: encode(inpaint(segment(decode(source)))).

It is the reference that the distributed run must equal, byte for byte.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator

from deploy.budget import share
from deploy.config import Job
from deploy.errors import exit_code, sentence
from deploy.ledger import Ledger
from deploy.outcome import Outcome
from stages.decode.decode import decode
from stages.encode.encode import encode
from stages.errors import StageError
from stages.inpaint.chunks import ChunkPlan, chunked
from stages.inpaint.engine import EngineKind
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.segment.prompts import check
from stages.segment.segment import segment
from transport import codec
from transport.messages import CleanFrame, Frame, MaskedFrame, Packet, StreamInfo

log = logging.getLogger("cleanplate")


class Counts:
    """What passed where."""

    def __init__(self) -> None:
        self.frames_in = self.filled = self.written = self.durable = 0
        self.failure: StageError | None = None


def run_inline(job: Job) -> tuple[Outcome, int]:
    """Run a job in this process; return how it ended, and how many frames are surely in the file."""
    started, counts = time.monotonic(), Counts()
    try:
        _run(job, counts)
    except StageError as error:
        counts.failure = counts.failure or error
    ledger = Ledger(
        frames_in=counts.frames_in,
        frames_out=counts.written,
        dropped={"not written": left} if counts.failure and (left := counts.frames_in - counts.written) else {},
        filled=counts.filled,
        seconds=time.monotonic() - started,
    )
    if counts.failure is None:
        return Outcome(ledger=ledger), counts.durable
    return Outcome(ledger=ledger, code=exit_code(counts.failure), sentence=sentence(counts.failure)), counts.durable


def _run(job: Job, counts: Counts) -> None:
    source = decode(job.source, job.decode)
    info = next(source)
    assert isinstance(info, StreamInfo)
    kind = find_engine(job.engine, job.inpaint)
    prompts = check(job.prompts, info)
    shares = share(
        job.memory,
        picture=info.format,
        kind=kind,
        replicas=1,
        chunk=job.chunk,
        info_bytes=codec.cost(codec.encode(info)),
    )
    masked = _until_failure(segment(_counted(info, source, counts), prompts, job.segment), counts)
    for progress in encode(_inpaint_in_place(masked, shares.plan, kind, counts), job.target, job.encode):
        counts.written, counts.durable = progress.frames, progress.durable


def _counted(
    info: StreamInfo, messages: Iterable[StreamInfo | Packet | Frame], counts: Counts
) -> Iterator[StreamInfo | Packet | Frame]:
    yield info
    for message in messages:
        counts.frames_in += isinstance(message, Frame)
        yield message


def _until_failure(
    messages: Iterator[StreamInfo | Packet | MaskedFrame], counts: Counts
) -> Iterator[StreamInfo | Packet | MaskedFrame]:
    """End the stream where the source breaks off or a mask cannot be read, if anything came before."""
    frames = 0
    try:
        for message in messages:
            frames += isinstance(message, MaskedFrame)
            yield message
    except StageError as error:
        if not frames:
            raise
        counts.failure = error


def _inpaint_in_place(
    messages: Iterable[StreamInfo | Packet | MaskedFrame], plan: ChunkPlan, kind: EngineKind, counts: Counts
) -> Iterator[StreamInfo | Packet | CleanFrame]:
    """Fill the frames, chunk by chunk, and keep everything else in its place between them."""
    between: deque[StreamInfo | Packet | int] = deque()  # in the order of the source; a frame by its seq

    def frames() -> Iterator[MaskedFrame]:
        for message in messages:
            between.append(message.frame.seq if isinstance(message, MaskedFrame) else message)
            if isinstance(message, MaskedFrame):
                yield message

    for chunk in chunked(frames(), plan):
        for clean in inpaint(chunk, kind):
            while not isinstance(waiting := between.popleft(), int):
                yield waiting
            counts.filled += not clean.patch.mask.empty
            yield clean
    for waiting in between:
        if not isinstance(waiting, int):
            yield waiting
