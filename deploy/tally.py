"""What a worker counts: frames in and out, and the time its stage computed as against waited."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from deploy.config import Spec
from deploy.health import Pulse
from deploy.metrics import Instruments, Signs
from deploy.outcome import NOTHING
from transport.messages import CleanFrame, Frame, MaskedFrame
from transport.notes import Progress

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

T = TypeVar("T")


class Tally:
    """What a worker counts; read by its progress reports, its metrics and its health."""

    def __init__(self, spec: Spec) -> None:
        self.pulse = Pulse()
        self.latest = NOTHING
        self.signs = Signs(budget_s=spec.job.live.latency_s if spec.job.live else None)
        stream = spec.stream or spec.job.source
        self.instruments = Instruments(spec.stage, spec.name, stream, lambda: self.latest, lambda: self.signs)
        self.frames_in = self.frames_out = self.filled = self.written = self.durable = 0
        self.busy_s = 0.0
        live_source = spec.job.live is not None and spec.stage == "decode"
        self._clock = time.process_time if live_source else time.perf_counter  # a camera is waited for inside of decode
        self._waited = 0.0  # seconds spent in the source
        self._fed = False  # it has a source of frames
        self.held: Callable[[], int] = lambda: 0
        self.budget = 0
        self.redispatched: Callable[[], int] = lambda: 0
        self.duplicates: Callable[[], int] = lambda: 0
        self.credit: Callable[[], int] = lambda: 0
        self.early: Callable[[], int] = lambda: 0
        self.lag: Callable[[], float] | None = None  # seconds by which the output is behind
        self.resets = 0
        self.dropped: Callable[[], dict[str, int]] = dict
        self.repeated: Callable[[], int] = lambda: 0

    def progress(self) -> Progress:
        """Return it all as a note, which is also what the metrics show. Called with the hub's lock held."""
        if self.lag is not None:
            self.signs.lag_s = self.lag()
        self.latest = Progress(
            frames_in=self.frames_in,
            frames_out=self.frames_out,
            busy_s=self.busy_s,
            held_bytes=self.held(),
            budget_bytes=self.budget,
            written=self.written,
            durable=self.durable,
            filled=self.filled,
            redispatched=self.redispatched(),
            duplicates=self.duplicates(),
            credit_bytes=self.credit(),
            early_frames=self.early(),
            resets=self.resets,
            dropped=self.dropped(),
            repeated=self.repeated(),
        )
        return self.latest

    def waited(self, transit_s: float, queue_s: float) -> None:
        """Count how long an item was under way, and how long it then waited to be taken."""
        self.instruments.transit.observe(transit_s)
        self.instruments.queue.observe(queue_s)

    def timed(self, messages: Iterable[T]) -> Iterator[T]:
        """Pass a stage's output through, counting the time in which it computed and did not wait for input."""
        iterator = iter(messages)
        while True:
            started, waited = self._clock(), self._waited
            self.pulse.computes(self._fed)
            try:
                message = next(iterator)
            except StopIteration:
                return
            finally:
                self.pulse.computes(False)
            took = self._clock() - started - (self._waited - waited)
            self.busy_s += took
            self.instruments.seconds.observe(max(took, 0.0))
            yield message

    def source(self, messages: Iterable[T]) -> Iterator[T]:
        """Pass a stage's input through, counting frames and the time that it was waited for."""
        iterator = iter(messages)
        while True:
            started = time.perf_counter()
            self.pulse.computes(False)
            try:
                message = next(iterator)
            except StopIteration:
                return
            finally:
                self._waited += time.perf_counter() - started
                self.pulse.computes(True)
            self._fed = True
            self.frames_in += isinstance(message, Frame | MaskedFrame | CleanFrame)
            yield message

    def given(self, messages: Iterable[T]) -> Iterator[T]:
        """Pass what the encoder gets through, counting how long every frame took; one that is repeated counts once."""
        last = 0.0
        for message in messages:
            if isinstance(message, CleanFrame):
                read = message.frame.read or message.frame.captured
                if read != last:
                    self.instruments.written(read)
                last = read
            yield message

    def fills_at(self, level: int) -> None:
        """Show how far below the best fill a live stream is filled."""
        self.signs.fill_level = level

    def came(self, message: T) -> T:
        """Count what the source gave, and return it; a frame says from now on when it was read."""
        if not isinstance(message, Frame):
            return message
        self.frames_in += 1
        self.signs.source_frame = read = message.captured or time.time()
        return replace(message, read=read)

    def pages(self) -> "dict[str, WSGIApplication]":
        """Return what the process serves, by path."""
        return {"/metrics": self.instruments.page(), **self.pulse.pages()}
