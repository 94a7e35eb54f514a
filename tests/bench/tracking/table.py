"""Results in, lines for the terminal and JSON out."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median

from tests.bench.tracking.play import Result

HEADER = f"{'clip':20} {'tracker':20} {'from':5}" + "".join(
    f" {column:>6}" for column in ("first", "J", "F", "decay", "lost", "missed", "ms")
)
LEGEND = (
    "first: J of what the tracker began with; decay: J of the first quarter less that of the last; lost: share of"
    " frames in which it reports nothing; missed: of those with an object, nothing of it found; ms: of the thread's"
    " processor time a frame, median"
)


def line(result: Result) -> str:
    """Return one tracker on one clip."""
    return _line(result.clip, result, [result])


def summary(results: Sequence[Result]) -> list[str]:
    """Return the means over the clips of every tracker and start, the time as a median."""
    kinds = list(dict.fromkeys((result.tracker, result.start) for result in results))
    groups = [[result for result in results if (result.tracker, result.start) == kind] for kind in kinds]
    return [_line(f"mean of {len(group)}", group[0], group) for group in groups]


def write_json(results: Sequence[Result], path: Path) -> None:
    """Write everything."""
    path.write_text(json.dumps([dataclasses.asdict(result) for result in results], indent=1) + "\n")


def _line(name: str, like: Result, group: Sequence[Result]) -> str:
    shares = [
        mean(getattr(result, column) for result in group)
        for column in ("first", "region", "boundary", "decay", "lost", "missed")
    ]
    took = median(result.milliseconds for result in group)
    return f"{name:20} {like.tracker:20} {like.start:5} {' '.join(f'{share:6.3f}' for share in shares)} {took:6.1f}"
