"""Pictures before and after in, one picture to look at out: a sheet of moments, or two halves of a video frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.errors import SinkError

Picture = NDArray[np.uint8]  # (h, w, 3) RGB
Grey = NDArray[np.uint8]  # (h, w)
Colour = tuple[int, int, int]

PAPER, INK, QUIET = (22, 24, 28), (236, 236, 232), (150, 154, 160)
MARK = (255, 64, 96)  # what is to be removed
GAP = 8  # pixels between pictures
LABEL = 84  # pixels: the column of labels
CAPTION = 30  # pixels: the row of captions
CELL = 400  # pixels: a picture's longer side on a sheet; smaller ones stay as they are
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One line of a sheet."""

    label: str
    pictures: Sequence[Picture]  # all of one size


def write_sheet(
    before: Sequence[Picture], mask: Sequence[Grey], after: Sequence[Picture], path: Path, captions: Sequence[str] = ()
) -> None:
    """Write a PNG of moments in columns: the pictures before, with the mask marked, and after.

    All sequences are of one length, and `captions`, such as times, too or empty. SinkError if it cannot be written.
    """
    marked = [mark(picture, where) for picture, where in zip(before, mask, strict=True)]
    rows = (
        Row(label="before", pictures=before),
        Row(label="mask", pictures=marked),
        Row(label="after", pictures=after),
    )
    done, data = cv2.imencode(".png", contact_sheet(rows, captions)[..., ::-1])
    assert done, "a picture in memory always becomes a PNG"
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"sheet {path} cannot be written: {error.strerror}") from error


def contact_sheet(rows: Sequence[Row], captions: Sequence[str] = ()) -> Picture:
    """Return all rows below each other, their labels at the left and the captions of the columns above."""
    columns = len(rows[0].pictures)
    if any(len(row.pictures) != columns for row in rows) or len(captions) not in (0, columns):
        raise ValueError(
            f"a sheet of {columns} columns needs as many pictures in every row, and as many captions or none"
        )
    height, width = _fit(rows[0].pictures[0]).shape[:2]
    top = CAPTION if captions else GAP
    sheet = np.full((top + len(rows) * (height + GAP), LABEL + columns * (width + GAP), 3), PAPER, np.uint8)
    for r, row in enumerate(rows):
        y = top + r * (height + GAP)
        _write(sheet, row.label, (GAP + 4, y + height // 2 + 5), INK)
        for c, picture in enumerate(row.pictures):
            x = LABEL + c * (width + GAP)
            sheet[y : y + height, x : x + width] = _fit(picture)
    for c, caption in enumerate(captions):
        _write(sheet, caption, (LABEL + c * (width + GAP) + 2, CAPTION - 10), QUIET)
    return sheet


def mark(picture: Picture, mask: Grey) -> Picture:
    """Return the picture dimmed, with what the (h, w) mask covers, 0 to 255, in a bright colour."""
    grey = picture.mean(axis=2, keepdims=True)
    dim = 0.55 * (0.4 * picture + 0.6 * grey)
    share = mask[..., None] / np.float32(255)
    bright = 0.30 * grey + 0.70 * np.array(MARK, np.float32)
    marked: Picture = np.rint(dim * (1 - share) + bright * share).astype(np.uint8)
    return marked


def side_by_side(before: Picture, after: Picture) -> Picture:
    """Return two pictures of one size next to each other, named; its sides are even, as video encoders want them."""
    halves = [_named(before, "before"), _named(after, "after")]
    line = np.full((before.shape[0], 4, 3), PAPER, np.uint8)
    whole = np.hstack([halves[0], line, halves[1]])
    even: Picture = np.pad(whole, ((0, whole.shape[0] % 2), (0, whole.shape[1] % 2), (0, 0)), mode="edge")
    return even


def _named(picture: Picture, name: str) -> Picture:
    """Write a name into the upper left corner, on a darkened ground so that it can be read on anything."""
    scale = max(picture.shape[0] / 720, 0.4)
    (width, height), base = cv2.getTextSize(name, FONT, scale, 1)
    pad = round(10 * scale)
    named = picture.copy()
    corner = named[pad : height + base + 3 * pad, pad : width + 3 * pad]
    corner[:] = corner // 3
    _write(named, name, (2 * pad, height + 2 * pad), INK, scale)
    return named


def _fit(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    scale = CELL / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _write(picture: Picture, text: str, place: tuple[int, int], colour: Colour, scale: float = 0.5) -> None:
    cv2.putText(picture, text, place, FONT, scale, colour, max(1, round(scale)), cv2.LINE_AA)
