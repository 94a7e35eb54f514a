"""The worker processes as the supervisor sees them: one record each, and how to end them."""

import contextlib
import os
import signal
import subprocess
import time
from collections import deque
from dataclasses import dataclass, field

from deploy.config import Spec
from deploy.spawn import start_worker
from transport import codec
from transport.notes import Failed, Progress
from transport.sockets import Peer

NOTHING = Progress(
    frames_in=0,
    frames_out=0,
    busy_s=0.0,
    held_bytes=0,
    budget_bytes=0,
    written=0,
    durable=0,
    filled=0,
    redispatched=0,
    duplicates=0,
)


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
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=16))  # moments of its latest deaths
    restart_at: float | None = None
    stuck_at: float | None = None  # when it is to be killed, because its line is dead

    @property
    def name(self) -> str:
        """inpaint-0, say."""
        return self.spec.name

    @classmethod
    def start(cls, spec: Spec) -> "Child":
        """Start the worker."""
        return cls(spec=spec, process=start_worker(spec.name, codec.dumps(spec)))

    def restart(self) -> None:
        """Start it again, under the same name."""
        self.before = _sum(self.before, self.progress)
        self.progress, self.peer, self.ready, self.failed = NOTHING, None, False, None
        self.restart_at = self.stuck_at = None
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
        if code is not None and code < 0:
            return f"killed by signal {-code}"
        return f"exit code {code}"

    def total(self) -> Progress:
        """Return its progress over all its lives."""
        return _sum(self.before, self.progress)


def _sum(a: Progress, b: Progress) -> Progress:
    return Progress(
        frames_in=a.frames_in + b.frames_in,
        frames_out=a.frames_out + b.frames_out,
        busy_s=a.busy_s + b.busy_s,
        held_bytes=b.held_bytes,
        budget_bytes=b.budget_bytes,
        written=b.written,
        durable=b.durable,
        filled=a.filled + b.filled,
        redispatched=b.redispatched,
        duplicates=b.duplicates,
    )
