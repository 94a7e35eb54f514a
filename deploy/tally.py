"""What a worker counts: frames in and out, and the time its stage computed as against waited."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from deploy.config import Spec
from deploy.metrics import Instruments
from transport.messages import CleanFrame, Frame, MaskedFrame
from transport.notes import Progress

T = TypeVar("T")


class Tally:
    """What a worker counts; read by its progress reports and its metrics."""

    def __init__(self, spec: Spec) -> None:
        self.instruments = Instruments(spec.stage, spec.name, spec.job.source)
        self.frames_in = self.frames_out = self.filled = self.written = self.durable = 0
        self.busy_s = 0.0
        self._waited = 0.0  # seconds spent in the source
        self.held: Callable[[], int] = lambda: 0
        self.budget = 0
        self.redispatched: Callable[[], int] = lambda: 0
        self.duplicates: Callable[[], int] = lambda: 0
        self.credit: Callable[[], int] = lambda: 0
        self.early: Callable[[], int] = lambda: 0
        self.resets = 0

    def progress(self) -> Progress:
        """Return it all as a note, and bring the metrics up to it."""
        note = Progress(
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
        )
        self.instruments.show(note)
        return note

    def timed(self, messages: Iterable[T]) -> Iterator[T]:
        """Pass a stage's output through, counting the time in which it computed and did not wait for input."""
        iterator = iter(messages)
        while True:
            started, waited = time.perf_counter(), self._waited
            try:
                message = next(iterator)
            except StopIteration:
                return
            took = time.perf_counter() - started - (self._waited - waited)
            self.busy_s += took
            self.instruments.seconds.observe(max(took, 0.0))
            yield message

    def source(self, messages: Iterable[T]) -> Iterator[T]:
        """Pass a stage's input through, counting frames and the time that it was waited for."""
        iterator = iter(messages)
        while True:
            started = time.perf_counter()
            try:
                message = next(iterator)
            except StopIteration:
                return
            finally:
                self._waited += time.perf_counter() - started
            self.frames_in += isinstance(message, Frame | MaskedFrame | CleanFrame)
            yield message
