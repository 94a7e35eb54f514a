"""Two passes over a recording: the first looks for what every hole shows later or earlier, the second fills.

What the first one finds lies in a folder beside the target, which is gone when the run is over, however it ends.
"""

import contextlib
import logging
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import NoReturn

from deploy.config import Job
from deploy.errors import TERMINATED
from stages.decode.names import is_url, public_name, reason
from stages.encode.containers import STDOUT
from stages.errors import OptionError, SinkError, StageError
from stages.inpaint.engines import find_engine
from transport.messages import MaskedFrame, Packet, StreamInfo

log = logging.getLogger("cleanplate")

MOST = 2
ENGINE = "propagate"  # the only one that has any use for it


def check_passes(job: Job) -> None:
    """Raise OptionError unless the job can be done in so many passes."""
    if not 1 <= job.passes <= MOST:
        raise OptionError(f"--passes {job.passes} cannot be used, 1 or {MOST} expected")
    if job.passes == 1:
        return
    if job.engine != ENGINE:
        raise OptionError(f"--passes {job.passes} cannot be used with engine {job.engine}, only with {ENGINE}")
    if job.inpaint.working:
        raise OptionError(f"--passes {job.passes} looks at one size of picture: --working cannot be used with it")
    for what, name in (("source", job.source), ("mask", job.prompts.mask)):
        if name is not None and not _lasts(name):
            raise OptionError(
                f"--passes {job.passes} reads the {what} {job.passes} times, which {public_name(name)} cannot be; "
                "a file or a folder can"
            )


def _lasts(name: str) -> bool:
    """Whether it can be read as often as one likes; what is not there is complained of elsewhere."""
    path = Path(name)
    return not is_url(name) and name != "-" and (not path.exists() or path.is_file() or path.is_dir())


@contextlib.contextmanager
def prepared(job: Job) -> Iterator[Job]:
    """Give the job with a folder for its first pass; the folder is removed at the end."""
    where = tempfile.gettempdir() if job.target == STDOUT else str(Path(job.target).absolute().parent)
    with _unwinding():
        try:
            folder = tempfile.mkdtemp(prefix=".cleanplate-", dir=where)
        except OSError as error:
            raise SinkError(
                f"{where} cannot be written, where the first pass keeps its file: {reason(error)}"
            ) from error
        try:
            yield replace(job, inpaint=replace(job.inpaint, foresight=folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _unwinding() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end this process through its `finally`s, where nobody else heeds them."""

    def leave(*_: object) -> NoReturn:
        raise SystemExit(TERMINATED)

    here = threading.current_thread() is threading.main_thread()
    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if here and signal.getsignal(n) is signal.SIG_DFL]
    for number in numbers:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def first_pass(job: Job) -> Iterator[StreamInfo | int]:
    """Yield what is known of the source, then, again and again, how many frames have been surveyed.

    A source that breaks off is surveyed as far as it goes: the second pass will say so.
    """
    from stages.decode.decode import decode
    from stages.inpaint.propagate.survey import survey
    from stages.inpaint.propagate.sweep import EARLIER, LATER, sweep
    from stages.segment.prompts import check
    from stages.segment.segment import segment

    source = decode(job.source, job.decode)
    info = next(source)
    assert isinstance(info, StreamInfo)
    yield info
    masked = _as_far_as_it_goes(segment(chain([info], source), check(job.prompts, info), job.segment))
    folder, frames = Path(job.inpaint.foresight), 0
    for frames, _ in enumerate(survey(masked, folder), 1):
        yield frames
    reach = find_engine(job.engine, job.inpaint).reach
    for direction, nearest in ((LATER, reach.look_ahead + 1), (EARLIER, 1)):
        for _ in sweep(folder, info.format, direction, nearest):
            yield frames


def _as_far_as_it_goes(messages: Iterator[StreamInfo | Packet | MaskedFrame]) -> Iterator[MaskedFrame]:
    frames = 0
    try:
        for message in messages:
            if isinstance(message, MaskedFrame):
                frames += 1
                yield message
    except StageError:
        if not frames:
            raise


def say_size(job: Job) -> None:
    """Say what the first pass takes on the disk."""
    folder = Path(job.inpaint.foresight)
    size = sum(path.stat().st_size for path in folder.iterdir())
    log.setLevel(min(log.getEffectiveLevel(), logging.INFO))  # it is worth a line, though it warns of nothing
    log.info("pass 1 of %d is done; what it found takes %d bytes in %s until the end", job.passes, size, folder)
