"""What the dashboard shows: rows of panels, each a question to Prometheus. `dashboard.py` makes JSON of it."""

from dataclasses import dataclass
from typing import Final

RATE: Final = "$__rate_interval"
OURS: Final = 'stream=~"$stream"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One question, and how its answers are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture of the dashboard."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"  # Grafana's name of it
    text: str = ""  # what it means, where the title does not say
    stat: bool = False  # a single number
    alarm: float | None = None  # red from here on
    stack: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels side by side, under a title."""

    title: str
    panels: tuple[Panel, ...]


def _one(title: str, expr: str, **more: object) -> Panel:
    return Panel(title=title, queries=(Query(expr=expr),), stat=True, **more)  # type: ignore[arg-type]


def _by(title: str, expr: str, legend: str, **more: object) -> Panel:
    return Panel(title=title, queries=(Query(expr=expr, legend=legend),), **more)  # type: ignore[arg-type]


def _rate(metric: str, by: str, more: str = "") -> str:
    return f"sum by ({by}) (rate(cleanplate_{metric}{{{OURS}{more}}}[{RATE}]))"


def _total(metric: str, more: str = "") -> str:
    return f"sum(rate(cleanplate_{metric}{{{OURS}{more}}}[{RATE}]))"


def _quantiles(title: str, metric: str, by: str, text: str) -> Panel:
    """Return a panel of a histogram's p50, p95 and p99."""
    queries = []
    for share in (0.5, 0.95, 0.99):
        buckets = _rate(f"{metric}_bucket", f"le, {by}" if by else "le")
        legend = f"{{{{{by}}}}} p{share:.0%}".rstrip("%") if by else f"p{share:.0%}".rstrip("%")
        queries.append(Query(expr=f"histogram_quantile({share}, {buckets})", legend=legend))
    return Panel(title=title, queries=tuple(queries), unit="s", text=text)


_ENCODE: Final = ', stage="encode"'
_DECODE: Final = ', stage="decode"'

ROWS: Final = (
    Row(
        title="At a glance",
        panels=(
            _one("Frames out", _total("frames_out_total", _ENCODE), unit="fps"),
            _one("Lag", f"max(cleanplate_stream_lag_seconds{{{OURS}}})", unit="s"),
            _one(
                "Dropped",
                f"({_total('frames_dropped_total')} or vector(0)) / ({_total('frames_in_total', _DECODE)} > 0)",
                unit="percentunit",
                alarm=0.05,
            ),
            _one(
                "Repeated",
                f"{_total('frames_repeated_total')} / ({_total('frames_out_total', _ENCODE)} > 0)",
                unit="percentunit",
                alarm=0.5,
            ),
            _one("Unaccounted", f"sum(abs(cleanplate_ledger_imbalance_frames{{{OURS}}}))", alarm=1),
            _one("Restarts", f"sum(cleanplate_worker_restarts_total{{{OURS}}})"),
        ),
    ),
    Row(
        title="Throughput",
        panels=(
            _by("Frames out", _rate("frames_out_total", "stage"), "{{stage}}", unit="fps"),
            _by("Frames in", _rate("frames_in_total", "stage"), "{{stage}}", unit="fps"),
            Panel(
                title="Frames let go, or done twice",
                queries=(
                    Query(
                        expr=_rate("frames_dropped_total", "stage, reason"),
                        legend="{{stage}} dropped: {{reason}}",
                    ),
                    Query(expr=_total("frames_repeated_total"), legend="repeated"),
                    Query(expr=_total("frames_redispatched_total"), legend="given out again"),
                    Query(expr=_total("frames_duplicate_discarded_total"), legend="duplicates"),
                ),
                unit="fps",
            ),
        ),
    ),
    Row(
        title="Latency",
        panels=(
            _quantiles("End to end", "end_to_end_latency_seconds", "", "From reading a frame to encoding it."),
            _quantiles("Compute", "stage_seconds", "stage", "What a stage takes for a message, waiting apart."),
            _quantiles("Transit", "transit_seconds", "stage", "From sending a message to its arrival at the stage."),
            _quantiles("Queue", "queue_seconds", "stage", "What a message waits in a stage before it is taken."),
        ),
    ),
    Row(
        title="Keeping up",
        panels=(
            Panel(
                title="Lag",
                queries=(
                    Query(expr=f"max by (stream) (cleanplate_stream_lag_seconds{{{OURS}}})", legend="{{stream}}"),
                    Query(
                        expr=f"max(cleanplate_latency_budget_seconds{{{OURS}}}) or vector(0)",
                        legend="budget",
                    ),
                ),
                unit="s",
                text="From the oldest frame that is not written yet to the newest that was read.",
            ),
            _by(
                "Busy",
                f"sum by (replica) (rate(cleanplate_stage_seconds_sum{{{OURS}}}[{RATE}]))",
                "{{replica}}",
                unit="percentunit",
                text="Share of the time that a process computes; the one near 100 % sets the pace.",
            ),
            _by(
                "Fill",
                f"max by (replica) (cleanplate_fill_level{{{OURS}}})",
                "{{replica}}",
                text="Of a live stream: 0 while the engine keeps up, and one more for every cheaper one since.",
            ),
        ),
    ),
    Row(
        title="Memory",
        panels=(
            _by(
                "Frames that wait, of their budget",
                f"sum by (replica) (cleanplate_queue_bytes{{{OURS}}})"
                f" / (sum by (replica) (cleanplate_memory_budget_bytes{{{OURS}}}) > 0)",
                "{{replica}}",
                unit="percentunit",
            ),
            Panel(
                title="Frames that wait",
                queries=(
                    Query(expr=f"sum by (stage) (cleanplate_queue_bytes{{{OURS}}})", legend="{{stage}}"),
                    Query(expr=f"sum(cleanplate_memory_budget_bytes{{{OURS}}})", legend="budget"),
                ),
                unit="bytes",
            ),
            _by(
                "Credit",
                f"sum by (replica) (cleanplate_credit_bytes{{{OURS}}})",
                "{{replica}}",
                unit="bytes",
                text="What a process may still send; 0 is one that the next holds up.",
            ),
            Panel(
                title="Waiting frames",
                queries=(
                    Query(expr=f"sum(cleanplate_in_flight_frames{{{OURS}}})", legend="in flight"),
                    Query(expr=f"sum(cleanplate_reorder_buffer_frames{{{OURS}}})", legend="before their turn"),
                ),
            ),
        ),
    ),
    Row(
        title="Processes",
        panels=(
            _by("Replicas", f"count by (stage) (cleanplate_start_time_seconds{{{OURS}}})", "{{stage}}"),
            _by(
                "Resident memory",
                f"sum by (replica) (cleanplate_resident_memory_bytes{{{OURS}}})",
                "{{replica}}",
                unit="bytes",
                stack=True,
            ),
            _by("Processor", _rate("cpu_seconds_total", "replica"), "{{replica}}", text="Cores in use.", stack=True),
            _by("Open files", f"sum by (replica) (cleanplate_open_files{{{OURS}}})", "{{replica}}"),
        ),
    ),
    Row(
        title="Source",
        panels=(
            _by("Up", f"min by (stream) (cleanplate_source_up{{{OURS}}})", "{{stream}}"),
            _by(
                "Age of the latest frame",
                f"time() - max by (stream) (cleanplate_source_last_frame_timestamp_seconds{{{OURS}}})",
                "{{stream}}",
                unit="s",
                alarm=10,
            ),
            _by("Opened again", f"sum by (stream) (cleanplate_source_reconnects_total{{{OURS}}})", "{{stream}}"),
            _by("Cuts and gaps", _rate("window_resets_total", "stream"), "{{stream}}", unit="cps"),
        ),
    ),
    Row(
        title="Outputs (of a live stream)",
        panels=(
            _by(
                "Output up",
                f"min by (output) (cleanplate_output_up{{{OURS}}})",
                "{{output}}",
                text="0 while a server or a disk is in trouble; it is tried again, and the other outputs go on.",
            ),
            _by("Packets not sent", _rate("output_packets_dropped_total", "output"), "{{output}}", unit="pps"),
            _by("Broken off", f"sum by (output) (cleanplate_output_failures_total{{{OURS}}})", "{{output}}"),
        ),
    ),
    Row(
        title="GPU (where networks run on one)",
        panels=(
            Panel(
                title="GPU memory",
                queries=(
                    Query(
                        expr=f"max by (replica, device) (cleanplate_gpu_memory_used_bytes{{{OURS}}})",
                        legend="{{replica}} {{device}}",
                    ),
                    Query(expr=f"max by (device) (cleanplate_gpu_memory_bytes{{{OURS}}})", legend="{{device}} has"),
                ),
                unit="bytes",
            ),
            _by(
                "GPU busy",
                f"max by (replica, device) (cleanplate_gpu_busy_ratio{{{OURS}}})",
                "{{replica}} {{device}}",
                unit="percentunit",
            ),
        ),
    ),
)
