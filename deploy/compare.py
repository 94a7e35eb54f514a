"""Frames of two sources in, how far their pixels lie apart out: per component, over the whole video."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log10

import cv2
import numpy as np

from stages.pixels import Layout, component, layout
from transport.messages import Frame, PictureFormat, Plane


@dataclass(slots=True)
class _Component:
    """What is known of one component so far."""

    samples: int = 0
    squares: float = 0.0  # of differences, summed
    largest: int = 0

    def psnr(self, bits: int) -> float:
        """Return decibels, infinite where nothing differs."""
        peak = (1 << bits) - 1
        return 10 * log10(peak * peak * self.samples / self.squares) if self.squares else inf


class Pixels:
    """Compares frame by frame; formats that only lie differently in memory (nv12, yuv420p) compare as equals."""

    def __init__(self, a: PictureFormat, b: PictureFormat) -> None:
        self._layouts = layout(a.pixel_format), layout(b.pixel_format)
        self._comparable = comparable(a, b)
        alpha = "A" if all("A" in "".join(lay.planes) for lay in self._layouts) else ""
        self._parts = {letter: _Component() for letter in self._layouts[0].components + alpha}
        self._frames = self._differing = 0
        self._first = -1  # the first frame that differs
        self._box: tuple[int, int, int, int] | None = None  # left, top, right, bottom of all that differs
        self._size = a.width, a.height

    def compare(self, a: Frame, b: Frame) -> None:
        """Take in the pixels of one frame of each."""
        if not self._comparable:
            return
        differs = False
        for letter, part in self._parts.items():
            one, other = (_samples(frame, letter, lay) for frame, lay in zip((a, b), self._layouts, strict=True))
            part.samples += one.size
            if not np.array_equal(one, other):
                differs = True
                self._add(one, other, letter, part)
        self._frames += 1
        self._differing += differs
        self._first = a.seq if differs and self._first < 0 else self._first

    def differences(self) -> Iterator[tuple[str, str, str]]:
        """Yield rows of what, first, second."""
        if not self._comparable:
            yield "pixels", "not compared", "size, depth or colour model differ"
        if self._box is not None:
            left, top, right, bottom = self._box
            yield "pixels", f"{self._differing} of {self._frames} frames differ", f"first frame {self._first}"
            yield "pixels within", f"x {left} to {right - 1}, y {top} to {bottom - 1}", f"{right - left}x{bottom - top}"
            bits = self._layouts[0].bits
            for letter, part in self._parts.items():
                if part.squares:
                    yield f"pixels {letter}", f"PSNR {part.psnr(bits):.2f} dB", f"largest difference {part.largest}"

    def _add(self, one: Plane, other: Plane, letter: str, part: _Component) -> None:
        away = cv2.absdiff(one, other)
        part.squares += float(cv2.norm(away, cv2.NORM_L2SQR))
        part.largest = max(part.largest, int(away.max()))
        x, y, width, height = cv2.boundingRect((away > 0).astype(np.uint8))
        across, down = self._layouts[0].shift if letter in "UV" else (0, 0)
        found = x << across, y << down, (x + width) << across, (y + height) << down
        left, top, right, bottom = self._box or found
        self._box = (
            min(left, found[0]),
            min(top, found[1]),
            min(max(right, found[2]), self._size[0]),
            min(max(bottom, found[3]), self._size[1]),
        )


def comparable(a: PictureFormat, b: PictureFormat) -> bool:
    """Tell whether two pictures have the same samples, wherever they lie in memory."""
    one, other = layout(a.pixel_format), layout(b.pixel_format)
    same = (one.model, one.bits, one.shift) == (other.model, other.bits, other.shift)
    return same and (a.width, a.height) == (b.width, b.height)


def _samples(frame: Frame, letter: str, lay: Layout) -> Plane:
    samples = component(frame, letter)
    return np.ascontiguousarray(samples >> lay.up if lay.up else samples)
