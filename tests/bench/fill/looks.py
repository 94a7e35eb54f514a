"""Frames and what the engines made of them in, pictures and videos for the eye out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from deploy.quality.film import write_film
from deploy.quality.looks import difference, outlined
from deploy.quality.sheets import write_png
from stages.encode.config import EncodeConfig
from tests.bench.fill.clips import Clip, Image
from tests.bench.fill.play import Shown
from transport.messages import Frame, StreamInfo

COLUMNS = 5
FPS = 24
FILM = EncodeConfig(crf=16, preset="fast", force=True)


class Sheet:
    """A row for the source and one for every engine, a column for every moment, all at full size."""

    def __init__(self, clip: Clip, labels: Sequence[str], path: Path) -> None:
        self._moments = set(np.linspace(0, len(clip.source) - 1, COLUMNS + 1).round().astype(int)[1:].tolist())
        self._labels, self._path = labels, path
        self._columns: list[Image] = []

    def watch(self, frames: Iterator[Shown]) -> Iterator[Shown]:
        """Pass frames on; write the sheet after the last."""
        for shown in frames:
            if shown.seq in self._moments:
                self._columns.append(np.vstack(_named(shown, self._labels)))
            yield shown
        write_png(np.hstack(self._columns), self._path)


def film(clip: Clip, frames: Iterator[Shown], labels: Sequence[str], path: Path) -> None:
    """Write a video: source and engines side by side, and their differences below where there is a truth."""
    sources = [masked.frame for masked in clip.given]
    write_film(
        ((sources[shown.seq], _panel(shown, labels, clip.true)) for shown in frames), _info(sources[0]), str(path), FILM
    )


def _panel(shown: Shown, labels: Sequence[str], true: bool) -> Image:
    above = np.hstack(_named(shown, labels))
    if not true:
        return above
    below = [np.zeros_like(shown.source), *(difference(shown.source, image) for image in shown.filled)]
    return np.vstack([above, np.hstack(below)])


def _named(shown: Shown, labels: Sequence[str]) -> list[Image]:
    pictures = [outlined(shown.source, shown.hole), *shown.filled]
    return [_write(image, label) for image, label in zip(pictures, (f"frame {shown.seq}", *labels), strict=True)]


def _write(image: Image, text: str) -> Image:
    marked = image.copy()
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(marked, text, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, width, cv2.LINE_AA)
    return marked


def _info(first: Frame) -> StreamInfo:
    return StreamInfo(
        stream="bench",
        epoch=0,
        format=first.format,
        time_base=(1, FPS),
        frame_rate=(FPS, 1),
        codec="h264",
        container="matroska",
        frames=0,
        bit_rate=0,
        metadata={},
        video_metadata={},
        disposition=0,
        sides=(),
        attachments=(),
        chapters=(),
    )
