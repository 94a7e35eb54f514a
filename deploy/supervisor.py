"""Runs one job as processes: starts them, listens to them, drains on a signal, and tells how it ended."""

import contextlib
import logging
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from deploy.budget import Shares, share
from deploy.children import Child
from deploy.config import Job
from deploy.crew import TRANSPORT_CODE, Crew, Patience
from deploy.errors import INTERRUPTED, TERMINATED, RunError, exit_code
from deploy.health import Pulse, serving, targets
from deploy.metrics import Run, RunInstruments
from deploy.outcome import Failure, Outcome, account
from deploy.pipeline import CONTROL, FLOW, STAGES, Stage, local_addresses
from stages.inpaint.adapt import adaptive
from stages.inpaint.engines import find_engine
from stages.pixels import frame_bytes
from stages.segment.prompts import check
from transport import codec
from transport.deadlines import Deadlines
from transport.messages import StreamInfo
from transport.notes import Drain, Failed, Lost, Note, Progress, Ready, Said
from transport.peers import Peer
from transport.sockets import Hub

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger("cleanplate")

LAST_WORDS_S: Final = 1.0  # that they may take to arrive
HEEDED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """The parent of one run's processes; `run` is the whole of its life."""

    def __init__(
        self,
        job: Job,
        *,
        show: Callable[["Supervisor"], None],
        patience: Patience | None = None,
        deadlines: Deadlines | None = None,
        flow: Sequence[Stage] = FLOW,
    ) -> None:
        self.job, self._show, self._flow = job, show, flow
        self._patience = patience or Patience()
        # Whoever does not come up is missed here; the workers need not miss each other on a machine that is slow.
        self._deadlines = deadlines or Deadlines(connect=self._patience.ready)
        self.info: StreamInfo | None = None
        self.shares: Shares | None = None
        self.started = time.monotonic()
        self.signals: list[int] = []
        self._token = secrets.token_urlsafe(32)
        self.crew = Crew(
            token=self._token,
            deadlines=self._deadlines,
            patience=self._patience,
            replaced=self._replaced,
            died=self._died,
        )
        self._instruments, self._pulse = RunInstruments(job.source), Pulse()
        self._failure: Failure | None = None
        self._drain_until: float | None = None

    @property
    def children(self) -> dict[str, Child]:
        """The workers by name."""
        return self.crew.children

    @property
    def durable(self) -> int:
        """Frames that are surely in the file."""
        encode = self.children.get("encode") or self.children.get("track")
        return encode.progress.durable if encode else 0

    def run(self) -> Outcome:
        """Run the pipeline to its end. Every process that it started is gone when it returns."""
        hub_ = Hub(role="supervisor", name="supervisor", token=self._token, deadlines=self._deadlines)
        with _heeding(self.signals), local_addresses() as self._addresses, hub_ as self._hub:
            self._control = self._hub.bind(self._addresses[CONTROL], accepts=list(STAGES))
            self._control.link = self
            try:
                with serving(self.job.metrics, self._pages()):
                    self._start()
                    self._watch()
            finally:
                self.crew.end(lambda: self._hub.pump(0.05), at_once=len(self.signals) > 1)
        return self._outcome()

    def _pages(self) -> "dict[str, WSGIApplication]":
        count = targets(lambda: 1 + len(self.children), self.job.metrics)
        return {"/metrics": self._instruments.page(), "/targets": count, **self._pulse.pages()}

    # Starting: what opens the source first, because the budget's split follows from the size of its pictures.

    def _start(self) -> None:
        first, *others = self._flow
        self.crew.launch(first.name, first.name, self.job, None, self._addresses)
        self._await(lambda: self.info is not None, "the source to open")
        if self.info is None:
            return
        self.job = replace(self.job, prompts=check(self.job.prompts, self.info))
        self.shares = share(
            self.job.memory,
            picture=self.info.format,
            kind=(adaptive if self.job.live else find_engine)(self.job.engine, self.job.inpaint),
            replicas=self.job.replicas,
            chunk=self.job.chunk,
            live=self.job.live is not None,
            info_bytes=codec.cost(codec.encode(self.info)),
        )
        if not self.job.chunk and self.shares.chunk < 2 * self.shares.lead_in:
            log.warning(
                "--memory allows chunks of %s frames, with %s of lead-in; more of it, or fewer replicas, is faster",
                self.shares.chunk,
                self.shares.lead_in,
            )
        for stage in others:
            for index in range(self.job.replicas if stage.replicated else 1):
                name, job = stage.name, self.job
                if stage.replicated:
                    name, job = f"{stage.name}-{index}", job.of_replica(index)
                self.crew.launch(stage.name, name, job, self.shares, self._addresses)
        self._await(lambda: self.crew.all_ready, "the workers to come up")
        self._pulse.ready()

    def _await(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._patience.ready
        while not (ready() or self._stopping or self.signals):
            if time.monotonic() > deadline:
                raise RunError(f"waited {self._patience.ready:.0f} s for {what}")
            self._turn()

    # Watching

    @property
    def _stopping(self) -> bool:
        """Something went wrong, and it is not one of the things after which the rest is written."""
        return self._failure is not None and self._drain_until is None

    def _watch(self) -> None:
        while not self._stopping and not self.crew.all_done:
            if self.signals and not self._heed_signals():
                return
            if self._drain_until is not None and time.monotonic() > self._drain_until:
                self._fail(RunError(f"nothing of what was under way was written for {self._patience.drain:.0f} s"))
                return
            self._turn()

    def _turn(self) -> None:
        self._hub.pump(0.05)
        self.crew.look_after()
        self._pulse.turned()
        self._instruments.run = self._account()
        self._show(self)

    def _account(self) -> Run:
        ledger = self._outcome().ledger
        most = self.job.memory // frame_bytes(self.info.format) if self.info else 0
        return Run(
            restarts=ledger.restarts,
            in_flight=ledger.imbalance,
            imbalance=min(ledger.imbalance, 0) or max(ledger.imbalance - most, 0),
            ready=Counter(child.spec.stage for child in self.children.values() if child.ready and not child.done),
            source_up=self.children["decode"].ready if self.job.live and "decode" in self.children else None,
            reopened=self.crew.reopened,
        )

    def _heed_signals(self) -> bool:
        """Drain on the first signal; tell whether to go on, which ends with the second, or where nothing is written."""
        if len(self.signals) > 1 or self.shares is None or "encode" not in self.children:
            return False
        if self.job.live and not self.children["encode"].progress.frames_in:
            return False
        if self._drain_until is None:
            self._drain()
            log.warning("finishing what is under way; once more to stop at once")
            self._end_source()
        return True

    def _end_source(self) -> None:
        """Let no frame follow. A live source has no end: its decode is let go, and segment told."""
        decode, segment = self.children["decode"], self.children["segment"]
        last = decode
        if self.job.live:
            decode.done, last = True, segment
            decode.send(signal.SIGKILL)
        if last.peer is not None and not (last is decode and decode.done):
            self._control.post(last.peer, Drain())

    def _drain(self) -> None:
        self._drain_until = time.monotonic() + self._patience.drain

    def _replaced(self, child: Child) -> None:
        """A replica is gone: segment is to know at once, not after a silence."""
        segment = self.children["segment"]
        if child.peer is not None and segment.peer is not None:
            self._control.post(segment.peer, Lost(name=child.peer.name, incarnation=child.peer.incarnation))

    def _died(self, child: Child) -> None:
        self._hub.pump(0)  # what it said last counts more than how it ended
        culprit = self._culprit(child)
        if (culprit.process.poll() or 0) > 0:  # not killed: it has said why, which may be on its way
            self._hub.wait_until(lambda: culprit.failed, LAST_WORDS_S)
        if culprit.failed is not None:
            self._failure = self._failure or Failure(code=culprit.failed.code, sentence=culprit.failed.sentence)
        last = culprit.total().frames_out - 1
        after = f"after frame {last}" if last >= 0 else "before its first frame"
        self._fail(RunError(f"{culprit.name} died ({culprit.cause()}) {after}"))

    def _culprit(self, child: Child) -> Child:
        """Return who began it: a worker that only missed its neighbour is not to blame if one died in silence."""
        if child.failed is None or child.failed.code != TRANSPORT_CODE:
            return child
        dead = (other for other in self.children.values() if other.process.poll() and not other.done)
        return next((other for other in dead if other.failed is None), child)

    def _fail(self, error: RunError) -> None:
        self._failure = self._failure or Failure(code=exit_code(error), sentence=str(error))
        self._drain_until = None

    # What the workers say

    def joined(self, peer: Peer) -> None:
        """A worker connected."""
        if peer.name in self.children:
            self.children[peer.name].peer = peer

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in what a worker says, unless it is an earlier life of one."""
        child = self.children.get(peer.name)
        if child is None or child.peer is not peer:
            return
        match note:
            case Ready():
                child.ready, child.stuck_at = True, None
                info = codec.decode(parts) if parts else None
                self.info = info if isinstance(info, StreamInfo) else self.info
            case Progress():
                self._heed_progress(child, note)
            case Said():
                log.log(note.level, "%s", note.text)
            case Failed():
                self._heed_failure(child, note)

    def _heed_progress(self, child: Child, note: Progress) -> None:
        if self._drain_until is not None and note.written > child.progress.written:
            self._drain()
        child.progress = note

    def _heed_failure(self, child: Child, note: Failed) -> None:
        """Remember why; a source that broke off or a mask that cannot be read lets the rest be written."""
        child.failed = note
        if note.code == TRANSPORT_CODE:
            return  # its neighbour is gone, which has a reason of its own; `_died` finds it
        if self.crew.comes_back(child):
            log.warning("%s", note.sentence)
            return
        self._failure = self._failure or Failure(code=note.code, sentence=note.sentence)
        if child.spec.stage in ("decode", "segment") and self._drain_until is None and self.shares is not None:
            self._drain()
        if child.spec.stage == "segment":
            decode = self.children["decode"]
            decode.done = True
            decode.send(signal.SIGKILL)

    def lost(self, peer: Peer) -> None:
        """A worker is silent, or has closed its line."""
        child = self.children.get(peer.name)
        if child is not None and child.peer is peer:
            self.crew.doubt(child)

    def _outcome(self) -> Outcome:
        failure = self._failure
        if failure is None and self.signals:
            code = INTERRUPTED if self.signals[0] == signal.SIGINT else TERMINATED
            failure = Failure(code=code, sentence="interrupted")
        progress = {name: child.total() for name, child in self.children.items()}
        seconds = time.monotonic() - self.started
        return account(progress, failure, live=self.job.live is not None, restarts=self.crew.restarts, seconds=seconds)


@contextlib.contextmanager
def _heeding(signals: list[int]) -> Iterator[None]:
    """Collect the signals that end a run; one that is ignored already (nohup) stays ignored."""
    numbers = [number for number in HEEDED if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, lambda found, _: signals.append(found)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
