"""Scores in, what a person or a program reads out: a table for the terminal, and JSON."""

import dataclasses
import json
from pathlib import Path
from types import TracebackType
from typing import IO

from rich.console import Console
from rich.table import Table

from deploy.quality.psnr import CAP
from deploy.quality.score import ClipScore, FrameScore
from deploy.quality.ssim import WINDOW
from stages.decode.names import reason
from stages.encode.targets import partial_path
from stages.errors import SinkError

FLICKER_UNIT = 1000  # warping errors are shown in thousandths


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What was compared, as the user named it."""

    reference: str
    output: str
    mask: str | None
    flow: str  # whose motion the warping error follows


class SeriesFile:
    """Writes the score of every frame as it comes, and the clip's at the end: one JSON object, never held whole.

    Until it is complete the file has another name, `scores.partial.json`; a run that fails leaves none.
    """

    def __init__(self, path: Path, compared: Compared) -> None:
        """Begin; SinkError if the file cannot be written."""
        self._path, self._partial = path, partial_path(str(path))
        self._frames = 0
        try:
            self._file: IO[str] = self._partial.open("w", encoding="utf-8")
        except OSError as error:
            raise SinkError(f"{path} cannot be written: {reason(error)}") from error
        self._put(json.dumps(dataclasses.asdict(compared), indent=1).removesuffix("\n}") + ',\n "frames": [')

    def __enter__(self) -> "SeriesFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._file.close()
        if error is None:
            self._partial.replace(self._path)
        else:
            self._partial.unlink(missing_ok=True)

    def add(self, score: FrameScore) -> None:
        """Write one frame on a line of its own."""
        self._put(("," if self._frames else "") + "\n  " + json.dumps(dataclasses.asdict(score)))
        self._frames += 1

    def finish(self, clip: ClipScore) -> None:
        """Write the clip's means."""
        self._put("\n ],\n" + f' "clip": {json.dumps(dataclasses.asdict(clip))}\n}}\n')

    def _put(self, text: str) -> None:
        try:
            self._file.write(text)
            self._file.flush()
        except OSError as error:
            raise SinkError(f"{self._path} cannot be written: {reason(error)}") from error


def show(clip: ClipScore, console: Console) -> None:
    """Print a table of what was measured, and what must be known to read it."""
    table = Table(title=f"{clip.frames} frames, {clip.masked} with a hole", title_justify="left", show_header=True)
    for heading in ("measure", "picture", "hole", "ring", "better"):
        table.add_column(heading, justify="left" if heading in ("measure", "better") else "right")
    for row in _rows(clip):
        table.add_row(*row)
    console.print(table)
    for note in _notes(clip):
        console.print(note, soft_wrap=True)


def _notes(clip: ClipScore) -> list[str]:
    """Return what must be known to read the table."""
    notes = []
    if clip.identical:
        notes.append(f"{clip.identical} of {clip.frames} frames are identical, counted as {CAP:g} dB each")
    if clip.ssim is None:
        notes.append(f"no SSIM: the pictures are smaller than its window of {WINDOW} pixels")
    if clip.vfid is not None:
        notes.append("VFID of one pair of videos is the squared distance of their features: a single one has no spread")
    return notes


def _rows(clip: ClipScore) -> list[tuple[str, str, str, str, str]]:
    whole, hole, ring = (_flicker(value) for value in (clip.flicker.whole, clip.flicker.hole, clip.flicker.ring))
    rows = [
        ("PSNR, dB", _number(clip.psnr, 2), _number(clip.hole_psnr, 2), "", "higher"),
        (f"SSIM, window {WINDOW}", _number(clip.ssim, 4), "", "", "higher"),
        ("gradient over the ring's", "", _number(clip.gradient, 2), "", "near 1"),
        ("the same of the reference", "", _number(clip.true_gradient, 2), "", ""),
        (f"warping error x{FLICKER_UNIT}", whole, hole, ring, "lower"),
        ("LPIPS, AlexNet", _number(clip.lpips, 4), "", "", "lower"),
        ("VFID, I3D", _number(clip.vfid, 3), "", "", "lower"),
    ]
    return [row for row in rows if any(cell not in ("", "-") for cell in row[1:4])]


def _flicker(value: float | None) -> str:
    return _number(None if value is None else FLICKER_UNIT * value, 3)


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
