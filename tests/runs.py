"""Whole runs for tests: a job with its defaults, run in processes or inline, and what came of it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from deploy.config import Job
from deploy.outcome import Outcome
from deploy.run import check_job, run_distributed, run_here
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.segment.prompts import Prompts
from transport.messages import Box, Frame, Packet, StreamInfo

LOSSLESS = EncodeConfig(codec="ffv1")
MIDDLE = Prompts(regions=(Box(x=20, y=20, width=16, height=12),))


def job(source: Path, target: Path, **changes: object) -> Job:
    """Return a job that blanks out a small fixed region, losslessly, in chunks of 12 frames."""
    plain = Job(source=str(source), target=str(target), prompts=MIDDLE, encode=LOSSLESS, engine="blank", chunk=12)
    return replace(plain, **changes)  # type: ignore[arg-type]


def run(job: Job, show: Callable[[Supervisor], None] = lambda supervisor: None) -> Outcome:
    """Run a job in processes."""
    check_job(job)
    return run_distributed(job, show)


def run_inline(job: Job) -> Outcome:
    """Run a job in this process."""
    check_job(job)
    return run_here(job)


def frames_of(path: Path) -> list[Frame]:
    """Return the frames of a small file."""
    return [item for item in decode(str(path), DecodeConfig()) if isinstance(item, Frame)]


def times_of(path: Path) -> list[Fraction]:
    """Return when each frame of a small file is shown, in seconds."""
    info, *rest = decode(str(path), DecodeConfig())
    assert isinstance(info, StreamInfo)
    return [item.pts * Fraction(*info.time_base) for item in rest if isinstance(item, Frame)]


def packets_of(path: Path) -> list[Packet]:
    """Return the packets of a small file's other streams."""
    return [item for item in decode(str(path), DecodeConfig()) if isinstance(item, Packet)]


def cleanplate(
    *words: str, timeout: float = 60, env: dict[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "deploy", *words],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )


class At:
    """A `show` that does something once, when a condition on the supervisor first holds."""

    def __init__(self, when: Callable[[Supervisor], bool], action: Callable[[Supervisor], None]) -> None:
        self._when, self._action = when, action
        self.happened = threading.Event()

    def __call__(self, supervisor: Supervisor) -> None:
        if not self.happened.is_set() and self._when(supervisor):
            self.happened.set()
            self._action(supervisor)


def kill(name: str, number: signal.Signals = signal.SIGKILL) -> Callable[[Supervisor], None]:
    """Return an action that sends a signal to one worker."""
    return lambda supervisor: supervisor.children[name].send(number)


def written(count: int) -> Callable[[Supervisor], bool]:
    """Return the condition that so many frames were written."""
    return lambda supervisor: (
        "encode" in supervisor.children and supervisor.children["encode"].progress.written >= count
    )


def workers() -> list[int]:
    """Return the pids of the worker processes alive that this test started, or that have lost their parent."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if b"deploy.worker" in words and state != "Z" and int(parent) in (1, os.getpid()):
                found.append(int(entry.name))
    return found
