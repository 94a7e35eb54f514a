"""What one process shows to Prometheus. The only file that imports prometheus_client.

Every process has its own port and its own registry: prometheus_client's multiprocess mode knows no gauges without
pid and needs a directory to be wiped.
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from transport.errors import AddressError
from transport.notes import Progress

LABELS: Final = ("stage", "replica", "stream")
BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)
_COUNTERS: Final[tuple[tuple[str, str, Callable[[Progress], int]], ...]] = (
    ("frames_in_total", "Frames that the stage took", lambda note: note.frames_in),
    ("frames_out_total", "Frames that the stage gave", lambda note: note.frames_out),
    ("frames_filled_total", "Frames of which something was removed", lambda note: note.filled),
    ("frames_redispatched_total", "Frames given to a second replica", lambda note: note.redispatched),
    ("frames_duplicate_discarded_total", "Patches that came twice", lambda note: note.duplicates),
    ("window_resets_total", "Times that the window began anew, at a cut or a gap", lambda note: note.resets),
)
_GAUGES: Final[tuple[tuple[str, str, Callable[[Progress], int]], ...]] = (
    ("queue_bytes", "Bytes of frames and patches that wait in the stage", lambda note: note.held_bytes),
    ("memory_budget_bytes", "Bytes that may wait in the stage", lambda note: note.budget_bytes),
    ("credits_available", "Bytes that the stage may still send", lambda note: note.credit_bytes),
    ("reorder_buffer_frames", "Frames whose patch is here before its turn", lambda note: note.early_frames),
    ("frames_durable", "Frames that are surely in the file", lambda note: note.durable),
)


class Instruments:
    """The counters, gauges and histograms of one process."""

    def __init__(self, stage: str, replica: str, stream: str) -> None:
        self._registry = CollectorRegistry()
        self._labels = (stage, replica, stream_label(stream))
        self._last: dict[str, int] = {}
        self._counters = {
            name: Counter(f"cleanplate_{name}", text, LABELS, registry=self._registry).labels(*self._labels)
            for name, text, _ in _COUNTERS
        }
        self._gauges = {
            name: Gauge(f"cleanplate_{name}", text, LABELS, registry=self._registry).labels(*self._labels)
            for name, text, _ in _GAUGES
        }
        self.seconds = Histogram(
            "cleanplate_stage_seconds",
            "Seconds that the stage computed for one message",
            LABELS,
            buckets=BUCKETS,
            registry=self._registry,
        ).labels(*self._labels)

    def show(self, note: Progress) -> None:
        """Bring counters and gauges up to a progress note."""
        for name, _, value in _COUNTERS:
            self._counters[name].inc(value(note) - self._last.get(name, 0))
            self._last[name] = value(note)
        for name, _, value in _GAUGES:
            self._gauges[name].set(value(note))

    def serve(self, address: str) -> None:
        """Serve /metrics at host:port, unless the address is empty; AddressError if it is taken."""
        _serve(address, self._registry)


class RunInstruments:
    """What only the supervisor knows of a run."""

    def __init__(self, stream: str) -> None:
        self._registry = CollectorRegistry()
        names, values = ("stream",), (stream_label(stream),)
        self._restarts = Counter(
            "cleanplate_worker_restarts_total", "Replicas that were started again", names, registry=self._registry
        ).labels(*values)
        self._imbalance = Gauge(
            "cleanplate_ledger_imbalance_frames",
            "Frames read and not yet written; 0 at the end, or something is wrong",
            names,
            registry=self._registry,
        ).labels(*values)
        self._shown = 0

    def show(self, restarts: int, imbalance: int) -> None:
        """Bring them up to date."""
        self._restarts.inc(restarts - self._shown)
        self._shown = restarts
        self._imbalance.set(imbalance)

    def serve(self, address: str) -> None:
        """Serve /metrics at host:port, unless the address is empty; AddressError if it is taken."""
        _serve(address, self._registry)


def _serve(address: str, registry: CollectorRegistry) -> None:
    if not address:
        return
    host, _, port = address.rpartition(":")
    try:
        start_http_server(int(port), host or "127.0.0.1", registry=registry)
    except (OSError, ValueError, OverflowError) as error:
        raise AddressError(f"cannot serve metrics at {address}: {error}") from error


def stream_label(source: str) -> str:
    """Return a source's name as a label: the last part of its path, never what may hold a password."""
    return source.partition("?")[0].rpartition("/")[2].rpartition("@")[2][:80] or "-"
