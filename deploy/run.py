"""One job from its check to its last word: in processes, or inline."""

import contextlib
import dataclasses
from collections.abc import Callable
from pathlib import Path

from deploy.config import Job
from deploy.errors import exit_code, sentence
from deploy.supervisor import Outcome, Supervisor
from stages.encode.containers import STDOUT
from stages.encode.targets import check_target, is_folder, partial_path
from stages.errors import OptionError, PromptError
from stages.inpaint.engines import find_engine


def check_job(job: Job) -> None:
    """Raise for everything about a job that can be known to be wrong before anything is started."""
    if not (job.prompts.boxes or job.prompts.regions or job.prompts.mask):
        raise PromptError("nothing was pointed at; --box, --region or --mask says what to remove")
    if job.replicas < 1:
        raise OptionError(f"{job.replicas} replicas, at least 1 is needed")
    if job.prompts.mask is not None and not Path(job.prompts.mask).exists():
        raise PromptError(f"there is no mask {job.prompts.mask}: a PNG, a folder of PNGs or a video is needed")
    find_engine(job.engine)
    check_target(job.target, job.encode, job.source)


def run_distributed(job: Job, show: Callable[[Supervisor], None]) -> Outcome:
    """Run a checked job as processes."""
    supervisor = Supervisor(job, show=show)
    try:
        return _told(supervisor.run(), job, supervisor.durable)
    except BaseException:
        _sweep(job, supervisor.durable)
        raise


def run_here(job: Job) -> Outcome:
    """Run a checked job in this process."""
    from deploy.inline import run_inline

    return run_inline(job)


def _told(outcome: Outcome, job: Job, durable: int) -> Outcome:
    """Add to what went wrong where the frames are that were written; check the ledger."""
    if not outcome.sentence:
        try:
            outcome.ledger.check()
        except Exception as error:
            return dataclasses.replace(outcome, code=exit_code(error), sentence=sentence(error))
        return outcome
    if job.target == STDOUT:
        return outcome
    kept = _sweep(job, durable)
    what = f"frames 0 to {durable - 1} are in {kept}" if kept and durable else "nothing was written"
    return dataclasses.replace(outcome, sentence=f"{outcome.sentence}; {what}")


def _sweep(job: Job, durable: int) -> Path | None:
    """Remove an output without a single frame, which a failed run has begun; return what is worth keeping."""
    if job.target == STDOUT:
        return None
    partial = partial_path(job.target)
    if is_folder(job.target, images=Path(job.source).is_dir()) or not partial.exists():
        return Path(job.target)
    if durable:
        return partial
    with contextlib.suppress(OSError):
        partial.unlink()
    return None
