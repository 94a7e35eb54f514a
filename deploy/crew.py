"""The worker processes of one run: launched, looked after, replicas restarted, all of them ended."""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from deploy.budget import Shares
from deploy.children import Child
from deploy.config import Job, Spec
from deploy.errors import exit_code
from deploy.pipeline import CONTROL, STAGES
from stages.retry import pause_s
from transport.deadlines import Deadlines
from transport.errors import TransportError

log = logging.getLogger("cleanplate")

MOST_DEATHS: Final = 5  # of one replica
DEATHS_WITHIN_S: Final = 60.0
TRANSPORT_CODE: Final = exit_code(TransportError())


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the supervisor waits, in seconds."""

    ready: float = 300.0  # for a worker to come up: an engine may have to be compiled, by every replica at a time
    drain: float = 120.0  # after a signal, for the next frame of what is under way to be written
    close: float = 5.0  # after a failure, for encode to close its file
    dismiss: float = 0.5  # from segment's end, for the replicas to hear that all is done
    exit: float = 10.0  # from the last sign of life of a worker to the end of its process


class Crew:
    """The processes of one run. Deaths are told to whoever asked; what the workers say is none of its business."""

    def __init__(
        self,
        *,
        token: str,
        deadlines: Deadlines,
        patience: Patience,
        replaced: Callable[[Child], None],
        died: Callable[[Child], None],
    ) -> None:
        self._token, self._deadlines, self._patience = token, deadlines, patience
        self._replaced, self._died = replaced, died  # called when a replica is to be started again; when nothing helps
        self.children: dict[str, Child] = {}
        self.restarts = 0
        self.reopened = 0  # times that a live source was opened again
        self.failures = 0  # of these, since it last gave a frame
        self._source = 0, 0.0  # how many frames it has given in this life, and when that was last anything else

    @property
    def all_ready(self) -> bool:
        """Every worker has said so, or has ended: a short stream may be over before the last replica is up."""
        return all(child.ready or child.done for child in self.children.values())

    @property
    def all_done(self) -> bool:
        """Every worker has ended as it should."""
        return all(child.done for child in self.children.values())

    def launch(self, stage: str, name: str, job: Job, shares: Shares | None, addresses: Mapping[str, str]) -> None:
        """Start one worker."""
        row = STAGES[stage]
        spec = Spec(
            stage=stage,
            name=name,
            job=job,
            shares=shares,
            token=self._token,
            control=addresses[CONTROL],
            listen=addresses.get(row.listen, ""),
            work=addresses.get(row.work, ""),
            to=addresses.get(row.to, ""),
            metrics=self._metrics_address(job),
            parent=os.getpid(),
            deadlines=self._deadlines,
        )
        self.children[name] = Child.start(spec)

    def _metrics_address(self, job: Job) -> str:
        """Return the address of the next worker: the ports after the user's, which is the supervisor's."""
        if not job.metrics:
            return ""
        host, _, port = job.metrics.rpartition(":")
        return f"{host}:{int(port) + 1 + len(self.children)}"

    def look_after(self) -> None:
        """See who has died or is stuck, and do what is to be done about it."""
        for child in self.children.values():
            if child.done:
                continue
            if child.spec.stage == "inpaint" and self.children["segment"].done:
                self._dismiss(child)
            elif child.restart_at is not None:
                if time.monotonic() >= child.restart_at:
                    child.restart(time.monotonic() + self._patience.ready)
            elif child.process.poll() is None:
                self._unstick(child)
                self._watch_source(child)
            else:
                self._judge(child)

    def _unstick(self, child: Child) -> None:
        if child.stuck_at is not None and time.monotonic() > child.stuck_at:
            log.warning("%s does not answer any more", child.name)
            child.send(signal.SIGKILL)

    def _judge(self, child: Child) -> None:
        if child.process.returncode == 0 and child.ready:
            child.done = True
        elif self.comes_back(child):
            self._open_again(child)
        elif child.spec.stage == "inpaint" and self._may_restart(child):
            child.deaths.append(time.monotonic())
            child.restart_at = time.monotonic() + min(5.0, 0.1 * 2 ** (len(child.deaths) - 1))
            self.restarts += 1
            log.warning("%s died (%s); it is started again", child.name, child.cause())
            self._replaced(child)
        else:
            child.done = True
            self._died(child)

    def comes_back(self, child: Child) -> bool:
        """Tell whether this is a live source that has been there: it may go, and is opened again for ever."""
        live = child.spec.job.live is not None and child.spec.stage == "decode"
        return live and (child.total().frames_in > 0 or child.ready) and not child.done

    def _open_again(self, child: Child) -> None:
        self.failures = 1 if child.progress.frames_in else self.failures + 1
        now = time.monotonic()
        wait = pause_s(self.failures, now - child.born)
        child.restart_at = now + wait
        self.reopened += 1
        log.warning("the source is gone (%s); it is opened again in %.0f s", child.cause(), wait)

    def _watch_source(self, child: Child) -> None:
        """Kill a live source's decode that has given no frame for too long: nobody knows what it waits for."""
        policy, frames, now = child.spec.job.live, child.progress.frames_in, time.monotonic()
        if policy is None or child.spec.stage != "decode":
            return
        if frames != self._source[0] or "encode" not in self.children or not self.all_ready:
            self._source = frames, now
        elif now - self._source[1] > policy.silence_s:
            log.warning("the source has given no frame for %.0f s", policy.silence_s)
            child.send(signal.SIGKILL)

    def _dismiss(self, child: Child) -> None:
        """Let a replica go that has nothing to do any more; one that only just came up will not hear of it."""
        child.stuck_at = child.stuck_at or time.monotonic() + self._patience.dismiss
        if child.restart_at is not None or child.process.poll() is not None or time.monotonic() > child.stuck_at:
            child.send(signal.SIGKILL)
            child.done = True

    def _may_restart(self, child: Child) -> bool:
        """A replica that was killed is started again; one whose engine failed would only fail again."""
        if child.failed is not None and child.failed.code != TRANSPORT_CODE:
            return False
        recent = [moment for moment in child.deaths if time.monotonic() - moment < DEATHS_WITHIN_S]
        return len(recent) < MOST_DEATHS

    def doubt(self, child: Child) -> None:
        """A worker's line is dead: if it does not end by itself, it is stuck."""
        child.stuck_at = time.monotonic() + self._patience.exit

    def end(self, serve: Callable[[], None], *, at_once: bool) -> None:
        """End every process; encode gets the time to close its file unless it is to be `at_once`."""
        encode = self.children.get("encode")
        running = [child for child in self.children.values() if child.process.poll() is None]
        try:
            if encode in running and not at_once:
                self._close(encode, running, serve)
        finally:
            for child in running:
                child.send(signal.SIGKILL)
            for child in running:
                child.wait(time.monotonic() + 5)

    def _close(self, encode: Child, running: list[Child], serve: Callable[[], None]) -> None:
        encode.send(signal.SIGTERM)
        for child in running:
            if child is not encode:
                child.send(signal.SIGKILL)
        deadline = time.monotonic() + self._patience.close
        while encode.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(TransportError):  # its last report is worth waiting for, but not needed
                serve()
