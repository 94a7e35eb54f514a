"""A worker process as its parent sees it: one record, and how to start, signal and judge it."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field, replace

from deploy.config import Spec
from deploy.outcome import NOTHING
from deploy.spawn import start_worker
from transport import codec
from transport.notes import Failed, Progress
from transport.peers import Peer


@dataclass(slots=True, kw_only=True, eq=False)
class Child:
    """One worker, through all its lives."""

    spec: Spec
    process: "subprocess.Popen[bytes]"
    peer: Peer | None = None
    ready: bool = False
    done: bool = False
    progress: Progress = NOTHING
    before: Progress = NOTHING  # summed over its earlier lives
    failed: Failed | None = None
    born: float = field(default_factory=time.monotonic)
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=16))  # moments of its latest deaths
    restart_at: float | None = None
    stuck_at: float | None = None  # when it is to be killed, because its line is dead or it never became ready

    @property
    def name(self) -> str:
        """inpaint-0, say."""
        return self.spec.name

    @classmethod
    def start(cls, spec: Spec) -> "Child":
        """Start the worker."""
        return cls(spec=spec, process=start_worker(spec.name, codec.dumps(spec)))

    def restart(self, stuck_at: float) -> None:
        """Start it again, under the same name; it is to be ready by `stuck_at`."""
        self.before, self.progress = self.total(), NOTHING
        self.peer, self.ready, self.failed, self.restart_at = None, False, None, None
        self.stuck_at, self.born = stuck_at, time.monotonic()
        self.process = start_worker(self.name, codec.dumps(self.spec))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the worker and whatever it started."""
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def wait(self, deadline: float) -> bool:
        """Wait for the end of the process until a moment of time.monotonic(); tell whether it came."""
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def cause(self) -> str:
        """Return how the process ended, in words."""
        code = self.process.returncode
        return f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def total(self) -> Progress:
        """Return its progress over all its lives; what it holds is held by the present one."""
        past, now = self.before, self.progress
        return replace(
            now,
            frames_in=past.frames_in + now.frames_in,
            frames_out=past.frames_out + now.frames_out,
            busy_s=past.busy_s + now.busy_s,
            filled=past.filled + now.filled,
            dropped={why: past.dropped.get(why, 0) + now.dropped.get(why, 0) for why in past.dropped | now.dropped},
        )
