"""What a run looks like while it goes on: a table in a terminal, plain lines in a log, JSON for programs."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.logging import RichHandler
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.supervisor import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stage, its replicas taken together."""

    stage: str
    replicas: int
    frames: int
    fps: float
    busy: float  # share of the time in which it computed, 0 to 1, over all replicas
    held: int  # bytes
    budget: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The state of a run at one moment."""

    rows: tuple[Row, ...]
    done: int  # frames written
    total: int  # as the container says, 0 if it does not
    seconds: float
    slowest: str

    @property
    def eta_s(self) -> float | None:
        """Seconds to go, if that can be told."""
        if not self.total or not self.done or self.seconds < 1:
            return None
        return max(0.0, (self.total - self.done) * self.seconds / self.done)


class Observer:
    """Makes snapshots of a supervisor; remembers the last one to tell speeds."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, int, float]] = {}

    def look(self, supervisor: Supervisor) -> Snapshot:
        """Return the present state."""
        stages: dict[str, list[Any]] = {}
        for child in supervisor.children.values():
            stages.setdefault(child.spec.stage, []).append(child)
        rows = tuple(self._row(stage, children, supervisor.started) for stage, children in stages.items())
        info = supervisor.info
        return Snapshot(
            rows=rows,
            done=next((row.frames for row in rows if row.stage in ("encode", "survey", "track")), 0),
            total=info.frames * supervisor.job.decode.loop if info else 0,
            seconds=time.monotonic() - supervisor.started,
            slowest=max(rows, key=lambda row: row.busy).stage if rows else "",
        )

    def _row(self, stage: str, children: list[Any], started: float) -> Row:
        now, notes = time.monotonic(), [child.total() for child in children]
        frames, busy_s = sum(note.frames_out for note in notes), sum(note.busy_s for note in notes)
        then, frames_then, busy_then = self._last.get(stage, (started, 0, 0.0))
        if now - then > 2.0 or stage not in self._last:
            self._last[stage] = (now, frames, busy_s)
        elapsed = max(now - then, 1e-6)
        return Row(
            stage=stage,
            replicas=len(children),
            frames=frames,
            fps=(frames - frames_then) / elapsed if now > then else 0.0,
            busy=min(1.0, (busy_s - busy_then) / elapsed / len(children)) if now > then else 0.0,
            held=sum(note.held_bytes for note in notes),
            budget=sum(note.budget_bytes for note in notes),
        )


class Display(Protocol):
    """Shows snapshots as they come."""

    def __call__(self, supervisor: Supervisor) -> None: ...


def _every(seconds: float, action: Callable[[Snapshot], None]) -> Display:
    observer, last = Observer(), [0.0]

    def show(supervisor: Supervisor) -> None:
        if time.monotonic() - last[0] >= seconds:
            last[0] = time.monotonic()
            action(observer.look(supervisor))

    return show


@contextmanager
def table_display() -> Iterator[Display]:
    """Show a live table on the terminal, log lines above it."""
    console = Console(stderr=True)
    handler = RichHandler(console=console, show_path=False, show_time=False, markup=False)
    logging.getLogger().addHandler(handler)
    try:
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            yield _every(0.25, lambda snapshot: live.update(_picture(snapshot)))
    finally:
        logging.getLogger().removeHandler(handler)


def _picture(snapshot: Snapshot) -> Group:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("stage")
    for heading in ("frames", "fps", "busy", "holds"):
        table.add_column(heading, justify="right")
    for row in snapshot.rows:
        name = f"{row.stage} ×{row.replicas}" if row.replicas > 1 else row.stage
        slow = row.stage == snapshot.slowest and row.busy > 0.5
        holds = f"{row.held >> 20}/{row.budget >> 20} MiB" if row.budget else ""
        cells = (name, f"{row.frames}", f"{row.fps:.1f}", f"{row.busy:.0%}", holds)
        table.add_row(*cells, style="bold yellow" if slow else "")
    return Group(table, _bar(snapshot))


def _bar(snapshot: Snapshot) -> Table:
    line = Table.grid(padding=(0, 1))
    total = max(snapshot.total, snapshot.done)
    line.add_row(
        ProgressBar(total=total or None, completed=snapshot.done, width=32),
        Text(_frames(snapshot)),
        Text(_end(snapshot)),
        Text(_slowest(snapshot), style="dim"),
    )
    return line


def _frames(snapshot: Snapshot) -> str:
    return f"{snapshot.done}/{snapshot.total} frames" if snapshot.total else f"{snapshot.done} frames"


def _end(snapshot: Snapshot) -> str:
    if snapshot.eta_s is None:
        return ""
    minutes, seconds = divmod(round(snapshot.eta_s), 60)
    return f"{minutes}:{seconds:02d} to go"


def _slowest(snapshot: Snapshot) -> str:
    return f"slowest: {snapshot.slowest}" if snapshot.slowest else ""


@contextmanager
def line_display() -> Iterator[Display]:
    """Write a plain line every five seconds."""

    def write(snapshot: Snapshot) -> None:
        if snapshot.seconds < 1:
            return
        speeds = ", ".join(f"{row.stage} {row.fps:.1f} fps" for row in snapshot.rows)
        slowest = f"; slowest: {snapshot.slowest}" if snapshot.slowest else ""
        sys.stderr.write(f"{_frames(snapshot)} {_end(snapshot)} ({speeds}{slowest})\n")
        sys.stderr.flush()

    with _plain_log():
        yield _every(5.0, write)


@contextmanager
def json_display() -> Iterator[Display]:
    """Write a JSON object to stdout every second."""

    def write(snapshot: Snapshot) -> None:
        stages = [
            {
                "stage": row.stage,
                "replicas": row.replicas,
                "frames": row.frames,
                "fps": round(row.fps, 2),
                "busy": round(row.busy, 3),
                "held_bytes": row.held,
                "budget_bytes": row.budget,
            }
            for row in snapshot.rows
        ]
        line = {"frames": snapshot.done, "total": snapshot.total, "eta_s": snapshot.eta_s, "slowest": snapshot.slowest}
        sys.stdout.write(json.dumps({"event": "progress", **line, "stages": stages}) + "\n")
        sys.stdout.flush()

    with _plain_log():
        yield _every(1.0, write)


@contextmanager
def _plain_log() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
