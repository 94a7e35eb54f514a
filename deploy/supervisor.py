"""Starts the workers of one run, restarts replicas, drains on a signal, and ends everything whatever happens."""

import logging
import os
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from deploy.budget import Shares, share
from deploy.children import Child
from deploy.config import Job, Spec
from deploy.errors import EXIT_CODES, INTERRUPTED, TERMINATED, RunError
from deploy.ledger import Ledger
from deploy.pipeline import CONTROL, FLOW, STAGES, local_addresses
from stages.inpaint.engines import find_engine
from stages.segment.prompts import check
from transport import codec
from transport.deadlines import Deadlines
from transport.errors import TransportError
from transport.messages import StreamInfo
from transport.notes import Drain, Failed, Lost, Note, Progress, Ready, Said
from transport.sockets import Endpoint, Hub, Peer

log = logging.getLogger("cleanplate")

MOST_DEATHS: Final = 5  # of one replica
DEATHS_WITHIN_S: Final = 60.0
_TRANSPORT_CODE: Final = dict(EXIT_CODES)[TransportError]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the supervisor waits, in seconds."""

    ready: float = 60.0  # for a worker to come up
    drain: float = 120.0  # after a signal, for what is under way to be written
    close: float = 5.0  # after a failure, for encode to close its file
    dismiss: float = 0.5  # from segment's end, for the replicas to hear that all is done
    exit: float = 3.0  # from the last sign of life of a worker to the end of its process


@dataclass(slots=True, kw_only=True, eq=False)
class Outcome:
    """How a run ended."""

    ledger: Ledger
    code: int = 0
    sentence: str = ""  # of what went wrong, empty if nothing did


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first thing that went wrong."""

    code: int
    sentence: str


class Supervisor:
    """The parent of one run's processes; `run` is the whole of its life."""

    def __init__(
        self,
        job: Job,
        *,
        show: Callable[["Supervisor"], None],
        patience: Patience | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.job, self._show = job, show
        self._patience, self._deadlines = patience or Patience(), deadlines or Deadlines()
        self.children: dict[str, Child] = {}
        self.info: StreamInfo | None = None
        self.shares: Shares | None = None
        self.restarts = 0
        self.metrics: dict[str, str] = {}
        self.started = time.monotonic()
        self.signals: list[int] = []
        self._failure: Failure | None = None
        self._drain_until: float | None = None
        self._token = secrets.token_urlsafe(32)

    def run(self) -> Outcome:
        """Run the pipeline to its end. Every process that it started is gone when it returns."""
        old = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with local_addresses() as addresses, self._open_hub() as hub:
                self._hub, self._addresses = hub, addresses
                self._control = self._bind(hub, addresses[CONTROL])
                try:
                    self._start()
                    self._watch()
                finally:
                    self._end_all()
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
        return self._outcome()

    def _open_hub(self) -> Hub:
        return Hub(role="supervisor", name="supervisor", token=self._token, deadlines=self._deadlines)

    def _bind(self, hub: Hub, address: str) -> Endpoint:
        control = hub.bind(address, accepts=list(STAGES))
        control.link = self
        return control

    def _on_signal(self, number: int, _: object) -> None:
        self.signals.append(number)

    # Starting: decode first, because the budget's split follows from the size of its pictures.

    def _start(self) -> None:
        self._launch("decode", "decode", None)
        self._await(lambda: self.info is not None, "the source to open")
        if self._stopping or self.info is None:
            return
        kind = find_engine(self.job.engine)
        self.job = replace(self.job, prompts=check(self.job.prompts, self.info.format))
        self.shares = share(
            self.job.memory,
            picture=self.info.format,
            kind=kind,
            replicas=self.job.replicas,
            chunk=self.job.chunk,
            info_bytes=codec.cost(codec.encode(self.info)),
        )
        for stage in FLOW[1:]:
            for index in range(self.job.replicas if stage.replicated else 1):
                self._launch(stage.name, f"{stage.name}-{index}" if stage.replicated else stage.name, self.shares)
        self._await(lambda: all(child.ready for child in self.children.values()), "the workers to come up")

    def _launch(self, stage: str, name: str, shares: Shares | None) -> None:
        row = STAGES[stage]
        spec = Spec(
            stage=stage,
            name=name,
            job=self.job,
            shares=shares,
            token=self._token,
            control=self._addresses[CONTROL],
            listen=self._addresses.get(row.listen, ""),
            work=self._addresses.get(row.work, ""),
            to=self._addresses.get(row.to, ""),
            metrics=self._metrics_address(),
            parent=os.getpid(),
            deadlines=self._deadlines,
        )
        self.children[name] = Child.start(spec)

    def _metrics_address(self) -> str:
        """Return the address of the next worker: the user's port, and those after it."""
        if not self.job.metrics:
            return ""
        host, _, port = self.job.metrics.rpartition(":")
        return f"{host}:{int(port) + len(self.children)}"

    def _await(self, ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self._patience.ready
        while not (ready() or self._stopping or self.signals):
            if time.monotonic() > deadline:
                raise RunError(f"waited {self._patience.ready:.0f} s for {what}")
            self._turn()

    # Watching

    @property
    def _stopping(self) -> bool:
        return self._failure is not None and not self._draining

    @property
    def _draining(self) -> bool:
        return self._drain_until is not None

    def _watch(self) -> None:
        while not self._stopping and not all(child.done for child in self.children.values()):
            if self.signals and not self._heed_signals():
                return
            if self._drain_until is not None and time.monotonic() > self._drain_until:
                self._fail(RunError(f"what was under way was not written within {self._patience.drain:.0f} s"))
                return
            self._turn()

    def _turn(self) -> None:
        self._hub.pump(0.05)
        for child in self.children.values():
            self._look_at(child)
        self._show(self)

    def _heed_signals(self) -> bool:
        """Drain on the first signal; tell whether to go on, which ends with the second."""
        if len(self.signals) > 1 or self.shares is None:
            return False
        decode = self.children["decode"]
        if not self._draining:
            self._drain()
        elif decode.peer is not None and not decode.done:
            self._control.post(decode.peer, Drain())
        return True

    def _drain(self) -> None:
        self._drain_until = time.monotonic() + self._patience.drain
        log.warning("finishing what is under way; once more to stop at once")

    def _look_at(self, child: Child) -> None:
        if child.done:
            return
        if child.spec.stage == "inpaint" and self.children["segment"].done:
            self._dismiss(child)
            return
        if child.restart_at is not None:
            if time.monotonic() >= child.restart_at:
                child.restart()
            return
        if child.process.poll() is None:
            if child.stuck_at is not None and time.monotonic() > child.stuck_at:
                log.warning("%s does not answer any more", child.name)
                child.send(signal.SIGKILL)
            return
        if child.process.returncode == 0:
            child.done = True
        elif child.spec.stage == "inpaint" and self._may_restart(child):
            self._bury(child)
        else:
            self._died(child)

    def _dismiss(self, child: Child) -> None:
        """Let a replica go that has nothing to do any more; one that only just came up will not hear of it."""
        child.stuck_at = child.stuck_at or time.monotonic() + self._patience.dismiss
        if child.restart_at is not None or child.process.poll() is not None or time.monotonic() > child.stuck_at:
            child.send(signal.SIGKILL)
            child.done = True

    def _may_restart(self, child: Child) -> bool:
        """A replica that was killed is started again; one whose engine failed would only fail again."""
        if child.failed is not None and child.failed.code != _TRANSPORT_CODE:
            return False
        recent = [moment for moment in child.deaths if time.monotonic() - moment < DEATHS_WITHIN_S]
        return len(recent) < MOST_DEATHS

    def _bury(self, child: Child) -> None:
        """Tell segment that a replica is gone, and start it again after a while that grows with its deaths."""
        child.deaths.append(time.monotonic())
        self.restarts += 1
        child.restart_at = time.monotonic() + min(5.0, 0.1 * 2 ** (len(child.deaths) - 1))
        log.warning("%s died (%s); it is started again", child.name, child.cause())
        segment = self.children["segment"]
        if child.peer is not None and segment.peer is not None:
            self._control.post(segment.peer, Lost(name=child.peer.name, incarnation=child.peer.incarnation))

    def _died(self, child: Child) -> None:
        child.done = True
        if child.failed is not None:
            self._failure = self._failure or Failure(code=child.failed.code, sentence=child.failed.sentence)
        last = child.total().frames_out - 1
        after = f"after frame {last}" if last >= 0 else "before its first frame"
        self._fail(RunError(f"{child.name} died ({child.cause()}) {after}"))

    def _fail(self, error: RunError) -> None:
        self._failure = self._failure or Failure(code=dict(EXIT_CODES)[RunError], sentence=str(error))
        self._drain_until = None

    # What the workers say

    def joined(self, peer: Peer) -> None:
        """A worker connected."""
        if peer.name in self.children:
            self.children[peer.name].peer = peer

    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None:
        """Take in what a worker says."""
        child = self.children[peer.name]
        match note:
            case Ready():
                child.ready = True
                if parts:
                    info = codec.decode(parts)
                    assert isinstance(info, StreamInfo)
                    self.info = info
            case Progress():
                child.progress = note
            case Said():
                log.log(note.level, "%s", note.text)
            case Failed():
                self._heed_failure(child, note)

    def _heed_failure(self, child: Child, note: Failed) -> None:
        """Remember why; a source that broke off or a mask that cannot be read lets the rest be written."""
        child.failed = note
        if child.spec.stage == "inpaint" and note.code == _TRANSPORT_CODE:
            return
        self._failure = self._failure or Failure(code=note.code, sentence=note.sentence)
        if child.spec.stage in ("decode", "segment") and self._drain_until is None and self.shares is not None:
            self._drain_until = time.monotonic() + self._patience.drain
        if child.spec.stage == "segment":
            decode = self.children["decode"]
            decode.done = True
            decode.send(signal.SIGKILL)

    def lost(self, peer: Peer) -> None:
        """A worker is silent, or has closed its line: if it does not end by itself, it is stuck."""
        child = self.children.get(peer.name)
        if child is not None and child.peer is peer:
            child.stuck_at = time.monotonic() + self._patience.exit

    # Ending

    def _end_all(self) -> None:
        """End every process: encode gets the time to close its file, the others get none."""
        encode = self.children.get("encode")
        running = [child for child in self.children.values() if child.process.poll() is None]
        if encode in running and len(self.signals) < 2:
            encode.send(signal.SIGTERM)
        for child in running:
            if child is not encode or len(self.signals) > 1:
                child.send(signal.SIGKILL)
        deadline = time.monotonic() + self._patience.close
        while encode in running and encode.process.poll() is None and time.monotonic() < deadline:
            self._hub.pump(0.05)
        self._hub.pump(0)
        for child in running:
            child.send(signal.SIGKILL)
            child.wait(time.monotonic() + 5)

    def _outcome(self) -> Outcome:
        totals = {name: child.total() for name, child in self.children.items()}
        frames_in, written = _of(totals, "decode").frames_in, _of(totals, "encode").written
        failure = self._failure
        if failure is None and self.signals:
            interrupted = self.signals[0] == signal.SIGINT
            failure = Failure(code=INTERRUPTED if interrupted else TERMINATED, sentence="interrupted")
        clean_end = failure is None or written == frames_in
        ledger = Ledger(
            frames_in=frames_in,
            frames_out=written,
            dropped={} if clean_end else {"not written": frames_in - written},
            filled=_of(totals, "encode").filled,
            redispatched=_of(totals, "segment").redispatched,
            duplicates=_of(totals, "encode").duplicates,
            restarts=self.restarts,
            seconds=time.monotonic() - self.started,
        )
        if failure is None:
            return Outcome(ledger=ledger)
        return Outcome(ledger=ledger, code=failure.code, sentence=failure.sentence)

    @property
    def durable(self) -> int:
        """Frames that are surely in the file."""
        return _of({name: child.total() for name, child in self.children.items()}, "encode").durable


def _of(totals: dict[str, Progress], name: str) -> Progress:
    from deploy.children import NOTHING

    return totals.get(name, NOTHING)
