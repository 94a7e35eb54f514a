"""Clips and what a tracker found in them in, sheets for the eye out: a row a clip, a column a moment."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.quality.sheets import write_png
from stages.segment.view import View
from tests.bench.tracking.clips import Clip
from tests.bench.tracking.play import Played, Region

Image = NDArray[np.uint8]  # (h, w, 3) RGB

COLUMNS, ROWS = 6, 8  # of one sheet
CELL = (320, 180)  # width and height, pixels
FOUND, TRUE = (255, 48, 80), (64, 255, 64)  # contours; both where they agree is the lighter one on top
TINT = 0.35  # of the colour in what was found


class Sheets:
    """Collects rows, and writes a sheet whenever it is full; call `close` after the last."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._rows: list[Image] = []
        self._written = 0

    def add(self, clip: Clip, played: Played) -> None:
        """Take a clip's row."""
        self._rows.append(row(clip, played))
        if len(self._rows) == ROWS:
            self.close()

    def close(self) -> None:
        """Write what there is."""
        if self._rows:
            self._written += 1
            write_png(np.vstack(self._rows), self._folder / f"{self._name}-{self._written}.png")
            self._rows = []


def row(clip: Clip, played: Played) -> Image:
    """Return moments from the first frame to the last, what was found (red, tinted) and the truth (green)."""
    moments = np.linspace(0, len(clip.frames) - 1, COLUMNS).round().astype(int).tolist()
    values = [played.result.first, *played.result.regions]
    cells = []
    for seq in moments:
        colours = np.ascontiguousarray(View(clip.frames[seq]).bgr[..., ::-1])
        text = f"{clip.name} {seq}: {values[seq]:.2f}"
        cells.append(cell(colours, [(clip.truths[seq], TRUE, False), (played.found[seq], FOUND, True)], text))
    return np.hstack(cells)


def cell(image: Image, regions: list[tuple[Region, tuple[int, int, int], bool]], text: str) -> Image:
    """Return a picture at the cell's size with regions outlined, tinted where wished, and a line of text."""
    small = np.asarray(cv2.resize(image, CELL, interpolation=cv2.INTER_AREA), np.uint8)
    for region, colour, tinted in regions:
        mask = cv2.resize(region.astype(np.uint8), CELL, interpolation=cv2.INTER_NEAREST)
        if tinted:
            part = small[mask > 0].astype(np.float32)
            small[mask > 0] = ((1 - TINT) * part + TINT * np.array(colour, np.float32)).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(small, outlines, -1, colour, 1)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(small, text, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, width, cv2.LINE_AA)
    return small
