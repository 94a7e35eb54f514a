"""One job from its check to its last word: in processes, or inline."""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deploy.addresses import check_metrics
from deploy.budget import check_counts
from deploy.config import Job
from deploy.errors import LedgerError, exit_code, sentence
from deploy.ledger import Ledger
from deploy.outcome import Outcome
from deploy.outputs import check_kept, check_sent, is_sent
from deploy.passes import check_passes, first_pass, prepared, say_size
from deploy.pipeline import FIRST_PASS, FLOW, TRACK_ONLY, Stage
from deploy.supervisor import Supervisor
from deploy.track import check_track
from stages.decode.names import public_name
from stages.encode.containers import STDOUT
from stages.encode.targets import check_apart, check_target, is_folder, partial_path
from stages.errors import OptionError, PromptError, StageError
from stages.inpaint.engines import find_engine
from stages.segment.choose import check_choice
from stages.segment.everything import check_targets
from stages.segment.prompts import Prompts


def check_job(job: Job) -> None:
    """Raise for everything about a job that can be known to be wrong before anything is started."""
    check_prompts(job.prompts)
    check_choice(job.segment)
    check_targets(job.prompts.targets, job.segment)
    check_counts(job.replicas, job.chunk)
    find_engine(job.engine, job.inpaint)
    if job.live and (job.track_only or job.passes != 1):
        raise OptionError("a live stream comes once and has no end: --track-only and --passes are for files")
    check_kept(job)
    if is_sent(job):
        check_sent(job)
    elif job.track_only:
        check_track(job)
    else:
        check_target(job.target, job.encode, job.source)
    if job.prompts.mask is not None:
        check_apart(job.target, job.prompts.mask, "mask")
    check_passes(job)
    check_metrics(job.metrics, len(FLOW) + job.replicas)  # the supervisor, and the workers


def check_prompts(prompts: Prompts) -> None:
    """Raise PromptError if nothing was pointed at, or if the masks are not where they should be."""
    if prompts.empty:
        raise PromptError("nothing was pointed at; --box, --point, --target, --region or --mask says what to remove")
    pictures = [prompt.picture for prompt in prompts.objects if prompt.picture]
    for path in (prompts.mask, *prompts.region_masks, *pictures):
        if path is not None and not os.path.exists(path):  # which also knows names that no system takes
            raise PromptError(f"there is no mask {public_name(path)}: a PNG, a folder of PNGs or a video is needed")


def run_distributed(job: Job, show: Callable[[Supervisor], None]) -> Outcome:
    """Run a checked job as processes; masks alone as one."""
    if job.track_only:
        return _run_processes(job, show, TRACK_ONLY)
    if job.passes == 1:
        return _run_processes(job, show, FLOW)
    try:
        with prepared(job) as job:
            outcome = _run_processes(replace(job, metrics=""), show, FIRST_PASS)
            if outcome.code:
                return outcome
            say_size(job)
            return _run_processes(job, show, FLOW)
    except StageError as error:
        return _nothing_done(error)


def _nothing_done(error: StageError) -> Outcome:
    nothing = Ledger(frames_in=0, frames_out=0)
    return Outcome(ledger=nothing, code=exit_code(error), sentence=f"{sentence(error)}; nothing was written")


def _run_processes(job: Job, show: Callable[[Supervisor], None], flow: Sequence[Stage]) -> Outcome:
    supervisor, started = Supervisor(job, show=show, flow=flow), time.time()
    try:
        return _told(supervisor.run(), job, supervisor.durable, started)
    except StageError as error:
        nothing = Outcome(ledger=Ledger(frames_in=0, frames_out=0), code=exit_code(error), sentence=sentence(error))
        return _told(nothing, job, supervisor.durable, started)
    except BaseException:
        _sweep(job, supervisor.durable, started)
        raise


def run_here(job: Job) -> Outcome:
    """Run a checked job in this process."""
    if job.track_only:
        raise OptionError("--track-only is one process anyhow; leave --inline out")
    if job.live:
        raise OptionError("--inline waits for every frame, which a live source does not; leave it out")
    if job.passes == 1:
        return _run_inline(job)
    try:
        with prepared(job) as job:
            for _ in first_pass(job):
                pass
            say_size(job)
            return _run_inline(job)
    except StageError as error:
        return _nothing_done(error)


def _run_inline(job: Job) -> Outcome:
    from deploy.inline import run_inline

    started = time.time()
    outcome, durable = run_inline(job)
    return _told(outcome, job, durable, started)


def _told(outcome: Outcome, job: Job, durable: int, started: float) -> Outcome:
    """Add to what went wrong where the frames are that were written; check the ledger."""
    if not outcome.sentence:
        try:
            outcome.ledger.check()
        except LedgerError as error:
            return replace(outcome, code=exit_code(error), sentence=sentence(error))
        return outcome
    if job.target == STDOUT or is_sent(job):
        return outcome
    kept = _sweep(job, durable, started)
    what = f"frames 0 to {durable - 1} are in {kept}" if kept and durable else "nothing was written"
    return replace(outcome, sentence=f"{outcome.sentence}; {what}")


def _sweep(job: Job, durable: int, started: float) -> Path | None:
    """Remove an output without a single frame, if the run that failed has begun it; return what is worth keeping.

    `started` is the time.time() of the run's begin: a partial file of an earlier run is not touched.
    """
    if job.target == STDOUT or is_sent(job):
        return None
    partial = partial_path(job.target)
    if is_folder(job.target, images=Path(job.source).is_dir()) or not partial.exists():
        return Path(job.target)
    if durable:
        return partial
    with contextlib.suppress(OSError):
        if partial.stat().st_mtime >= started:
            partial.unlink()
    return None
