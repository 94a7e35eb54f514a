"""What one process shows to Prometheus. The only file that imports prometheus_client.

Every process has its own port and its own registry: prometheus_client's multiprocess mode knows no gauges without
pid and needs a directory to be wiped. Counters and gauges are read at the scrape, from the latest progress note.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from deploy.usage import cpu_seconds, gpus, open_files, resident_bytes
from stages.encode.live.output import State
from transport.notes import Progress

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

LABELS: Final = ("stage", "replica", "stream")
STEPS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)  # seconds
LONG_STEPS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)
MOST_REASONS: Final = 16  # of drops, each a label of its own
_SOURCE_UP: Final = "1 while the live source is open"
_REOPENED: Final = "Times that the live source was opened again"

_COUNTERS: Final[tuple[tuple[str, str, Callable[[Progress], int]], ...]] = (
    ("frames_in", "Frames that the stage took", lambda note: note.frames_in),
    ("frames_out", "Frames that the stage gave", lambda note: note.frames_out),
    ("frames_filled", "Frames of which something was removed", lambda note: note.filled),
    ("frames_repeated", "Clean frames shown once more, where no other was there in time", lambda note: note.repeated),
    ("frames_redispatched", "Frames given to a second replica", lambda note: note.redispatched),
    ("frames_duplicate_discarded", "Patches that came twice", lambda note: note.duplicates),
    ("window_resets", "Times that the window began anew, at a cut or a gap", lambda note: note.resets),
)
_GAUGES: Final[tuple[tuple[str, str, Callable[[Progress], int]], ...]] = (
    ("queue_bytes", "Bytes of frames and patches that wait in the stage", lambda note: note.held_bytes),
    ("memory_budget_bytes", "Bytes that may wait in the stage", lambda note: note.budget_bytes),
    ("credit_bytes", "Bytes that the stage may still send", lambda note: note.credit_bytes),
    ("reorder_buffer_frames", "Frames whose patch is here before its turn", lambda note: note.early_frames),
    ("durable_frames", "Frames that are surely in the file", lambda note: note.durable),
)


@dataclass(slots=True, kw_only=True, eq=False)
class Signs:
    """What a stage may know beside its progress; None where it does not."""

    lag_s: float | None = None  # by which the newest frame was read later than the oldest that is not written yet
    budget_s: float | None = None  # that this may be, of a live source
    source_frame: float | None = None  # seconds since 1970 at which the latest frame came from the source
    fill_level: int | None = None  # how many fills there are that would be better than that in use
    source_up: bool | None = None  # a live source is open, where the stage itself opens it again
    reopened: int | None = None  # times that it did
    outputs: tuple[State, ...] = ()  # of a live stream


class Instruments(Collector):
    """The counters, gauges and histograms of one process."""

    def __init__(
        self, stage: str, replica: str, stream: str, progress: Callable[[], Progress], signs: Callable[[], Signs]
    ) -> None:
        self._labels = (stage, replica, stream_label(stream))
        self._progress, self._signs = progress, signs
        self._started = time.time()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self.seconds = self._histogram("stage_seconds", "Seconds that the stage computed for one message", STEPS)
        self.transit = self._histogram("transit_seconds", "Seconds from sending a message to its arrival", STEPS)
        self.queue = self._histogram("queue_seconds", "Seconds that a message waited to be taken", STEPS)
        text = "Seconds from reading a frame to giving it to the encoder"
        latency = "end_to_end_latency_seconds"
        self._latency = self._histogram(latency, text, LONG_STEPS) if stage == "encode" else None

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        whole = Histogram(f"cleanplate_{name}", text, LABELS, buckets=buckets, registry=self._registry)
        return whole.labels(*self._labels)

    def written(self, read: float) -> None:
        """Count how long a frame took that goes to the encoder; 0 is one of which nobody knows when it was read."""
        if self._latency is not None and read:
            self._latency.observe(max(0.0, time.time() - read))

    def describe(self) -> Iterable[Metric]:
        """Say that names need not be asked for at registration."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield everything that is not a histogram."""
        note, signs = self._progress(), self._signs()
        for name, text, value in _COUNTERS:
            yield self._counter(name, text, value(note))
        for name, text, value in _GAUGES:
            yield self._gauge(name, text, value(note))
        yield from self._drops(note)
        yield from self._of_signs(signs)
        yield from self._of_outputs(signs.outputs)
        yield from self._of_process()
        yield from self._of_gpus()

    def _counter(self, name: str, text: str, value: float) -> Metric:
        family = CounterMetricFamily(f"cleanplate_{name}", text, labels=LABELS)
        family.add_metric(self._labels, value)
        return family

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        family = GaugeMetricFamily(f"cleanplate_{name}", text, labels=LABELS)
        family.add_metric(self._labels, value)
        return family

    def _drops(self, note: Progress) -> Iterable[Metric]:
        family = CounterMetricFamily("cleanplate_frames_dropped", "Frames let go", labels=(*LABELS, "reason"))
        for reason in sorted(note.dropped)[:MOST_REASONS]:
            family.add_metric((*self._labels, reason), note.dropped[reason])
        yield family

    def _of_signs(self, signs: Signs) -> Iterable[Metric]:
        for name, text, value in (
            ("stream_lag_seconds", "From the oldest frame not yet written to the newest read", signs.lag_s),
            ("latency_budget_seconds", "What that may be, of a live source", signs.budget_s),
            ("source_last_frame_timestamp_seconds", "When the latest frame came, since 1970", signs.source_frame),
            ("source_up", _SOURCE_UP, signs.source_up),
            ("fill_level", "0 where the engine keeps up; one more for every cheaper one since", signs.fill_level),
        ):
            if value is not None:
                yield self._gauge(name, text, value)
        if signs.reopened is not None:
            yield self._counter("source_reconnects", _REOPENED, signs.reopened)

    def _of_outputs(self, states: Sequence[State]) -> Iterable[Metric]:
        labels = (*LABELS, "output")
        up = GaugeMetricFamily("cleanplate_output_up", "1 while nothing is wrong with an output", labels=labels)
        text = "Packets that an output was not given, or lost"
        dropped = CounterMetricFamily("cleanplate_output_packets_dropped", text, labels=labels)
        failures = CounterMetricFamily("cleanplate_output_failures", "Times that an output broke off", labels=labels)
        for state, name in zip(states, output_labels(states), strict=True):
            up.add_metric((*self._labels, name), not state.trouble)
            dropped.add_metric((*self._labels, name), state.dropped)
            failures.add_metric((*self._labels, name), state.failures)
        yield from (up, dropped, failures) if states else ()

    def _of_process(self) -> Iterable[Metric]:
        yield self._gauge("start_time_seconds", "When the process began, in seconds since 1970", self._started)
        yield self._counter("cpu_seconds", "Seconds of processor time", cpu_seconds())
        if (resident := resident_bytes()) is not None:
            yield self._gauge("resident_memory_bytes", "Bytes of memory that the process takes", resident)
        if (files := open_files()) is not None:
            yield self._gauge("open_files", "Files and sockets that the process has open", files)

    def _of_gpus(self) -> Iterable[Metric]:
        labels = (*LABELS, "device")
        up = GaugeMetricFamily("cleanplate_gpu_up", "1 while the GPU in use answers", labels=labels)
        used = GaugeMetricFamily("cleanplate_gpu_memory_used_bytes", "Taken on the GPU, by anybody", labels=labels)
        total = GaugeMetricFamily("cleanplate_gpu_memory_bytes", "What the GPU has", labels=labels)
        busy = GaugeMetricFamily("cleanplate_gpu_busy_ratio", "Share of the time it computes, 0 to 1", labels=labels)
        for gpu in gpus():
            names = (*self._labels, gpu.name)
            up.add_metric(names, gpu.up)
            if gpu.up:
                used.add_metric(names, gpu.used_bytes)
                total.add_metric(names, gpu.total_bytes)
            if gpu.busy is not None:
                busy.add_metric(names, gpu.busy)
        yield from (family for family in (up, used, total, busy) if family.samples)

    def page(self) -> "WSGIApplication":
        """Return what answers GET /metrics."""
        return make_wsgi_app(self._registry)


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """What only the supervisor knows of a run."""

    restarts: int = 0  # of replicas
    in_flight: int = 0  # frames read, and neither written nor dropped
    imbalance: int = 0  # of these, more than all stages together can hold; below 0: frames that nobody has read
    ready: Mapping[str, int] = field(default_factory=dict)  # processes, by stage
    source_up: bool | None = None  # a live source is open
    reopened: int = 0  # times that it was opened again


class RunInstruments(Collector):
    """The same, of a whole run."""

    def __init__(self, stream: str) -> None:
        self.run = Run()
        self._stream = (stream_label(stream),)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Say that names need not be asked for at registration."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield all of it."""
        run, stream = self.run, self._stream
        yield _family(CounterMetricFamily, "worker_restarts", "Replicas that were started again", stream, run.restarts)
        yield _family(GaugeMetricFamily, "in_flight_frames", "Read, not yet written or dropped", stream, run.in_flight)
        text = "Frames that nobody can account for; 0, or something is wrong"
        yield _family(GaugeMetricFamily, "ledger_imbalance_frames", text, stream, run.imbalance)
        ready = GaugeMetricFamily("cleanplate_ready_processes", "Ready, by stage", labels=("stream", "stage"))
        for stage, count in run.ready.items():
            ready.add_metric((*stream, stage), count)
        yield ready
        if run.source_up is not None:
            yield _family(GaugeMetricFamily, "source_up", _SOURCE_UP, stream, run.source_up)
            yield _family(CounterMetricFamily, "source_reconnects", _REOPENED, stream, run.reopened)

    def page(self) -> "WSGIApplication":
        """Return what answers GET /metrics."""
        return make_wsgi_app(self._registry)


def _family(kind: Any, name: str, text: str, stream: tuple[str], value: float) -> Metric:
    family: Metric = kind(f"cleanplate_{name}", text, labels=("stream",))
    family.add_metric(stream, value)  # type: ignore[attr-defined]
    return family


def stream_label(source: str) -> str:
    """Return a source's name as a label: the last part of its path, never what may hold a password."""
    return source.partition("?")[0].rpartition("/")[2].rpartition("@")[2][:80] or "-"


def output_labels(states: Sequence[State]) -> list[str]:
    """Return the outputs' names, which hold no secrets, as labels: no two alike."""
    names = [state.name.encode(errors="replace").decode() for state in states]  # a path's bytes may be no characters
    alike = [names[:index].count(name) for index, name in enumerate(names)]
    return [f"{name} ({count + 1})" if count else name for name, count in zip(names, alike, strict=True)]
