"""Moments of a clip in, one picture of them out: reference, output and difference, a column for each moment."""

from pathlib import Path

import cv2
import numpy as np

from deploy.demo.sheet import CELL, Row, contact_sheet
from deploy.quality.looks import GAIN, difference, outlined
from deploy.quality.pictures import Known, Picture
from stages.decode.names import reason
from stages.errors import SinkError

COLUMNS = 6
Column = tuple[Picture, Picture, Picture]  # reference, output, difference, as large as they are shown


class Sheet:
    """Keeps moments that are spread evenly over a clip whose length nobody knows: 2 x COLUMNS at most."""

    def __init__(self) -> None:
        self._every = 1
        self._kept: dict[int, Column] = {}  # by number of frame, ascending

    def add(self, seq: int, reference: Picture, output: Picture, hole: Known | None) -> None:
        """Take the next frame, or leave it."""
        if seq % self._every:
            return
        if len(self._kept) == 2 * COLUMNS:  # full: every second one is enough from now on
            self._every *= 2
            self._kept = {kept: column for kept, column in self._kept.items() if kept % self._every == 0}
            if seq % self._every:
                return
        self._kept[seq] = (
            _shrunk(outlined(reference, hole)),
            _shrunk(output),
            _shrunk(outlined(difference(reference, output), hole)),
        )

    def picture(self) -> Picture:
        """Return the sheet of at most COLUMNS moments; there must have been one."""
        places = np.linspace(0, len(self._kept) - 1, min(COLUMNS, len(self._kept))).round().astype(int)
        seqs = [list(self._kept)[place] for place in places]
        labels = ("reference", "output", f"diff. x{GAIN}")
        rows = [Row(label=name, pictures=[self._kept[seq][i] for seq in seqs]) for i, name in enumerate(labels)]
        return contact_sheet(rows, [f"frame {seq}" for seq in seqs])


def _shrunk(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = min(1.0, CELL / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def write_png(picture: Picture, path: Path) -> None:
    """Write a picture; SinkError if that cannot be."""
    done, data = cv2.imencode(".png", picture[..., ::-1])
    assert done, "a picture in memory always becomes a PNG"
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"{path} cannot be written: {reason(error)}") from error
