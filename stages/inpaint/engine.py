"""What the inpaint stage needs of an engine: how far it looks, and one call a frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from stages.errors import OptionError
from stages.network import check_precision
from stages.pixels import Pixels, layout, luma, read
from transport.messages import Box, Mask, MaskedFrame, PictureFormat

WINDOW = (-6, -3, 0, 3, 6)  # VINet's: t-6, t-3, t, t+3, t+6
FILLS = ("sharp", "faithful")
FARTHEST = 6  # frames ahead: the latency floor of the whole pipeline
LARGEST = 4096  # pixels that a network is shown at most, along the longest side


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What the user may choose about any engine; one that has no such choice ignores it."""

    fill: str = "sharp"  # sharp decides and invents texture; faithful keeps doubtful pixels smooth
    look_ahead: int = FARTHEST  # frames after t, 0 to FARTHEST; each delays the output by a frame
    foresight: str = ""  # the folder with what a first pass has found; empty without one
    weights: str = ""  # a folder with checkpoints, beside the usual places
    device: str = "cpu"  # for networks, as torch spells it
    precision: str = "auto"  # of networks: f32, bf16, or auto, which is bf16 where the device multiplies that fast
    working: int = 0  # pixels along the longest side of what a network is shown; 0: as many as the engine wants

    def __post_init__(self) -> None:
        if self.fill not in FILLS:
            raise OptionError(f"there is no fill {self.fill!r}; the known ones are {', '.join(FILLS)}")
        if not 0 <= self.look_ahead <= FARTHEST:
            raise OptionError(f"look-ahead is {self.look_ahead}, it must be from 0 to {FARTHEST} frames")
        check_precision(self.precision)
        if not 0 <= self.working <= LARGEST:
            raise OptionError(f"working is {self.working}, it must be from 0 to {LARGEST} pixels")


DEFAULTS: Final = EngineOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far an engine looks; chunks get the lead-in and look-ahead that follow from it."""

    offsets: tuple[int, ...] = WINDOW  # frames of its window relative to t, ascending, 0 among them
    warm_up: int = 6  # frames before a chunk that it wants to have filled, so that its state is real

    @property
    def lead_in(self) -> int:
        """Frames that a chunk needs before its first."""
        return self.warm_up - self.offsets[0]

    @property
    def look_ahead(self) -> int:
        """Frames that a chunk needs after its last."""
        return self.offsets[-1]


class Picture:
    """A frame as an engine sees it: pixels on demand, in the source's components, 0 to 255."""

    def __init__(self, masked: MaskedFrame) -> None:
        self.frame = masked.frame
        self.mask: Mask = masked.mask  # the engine fills mask.box; alpha > 0 is the hole
        self.shot = masked.shot
        self.emit = masked.emit  # False for lead-in and look-ahead, which a chunk only looks at
        self.blurred = masked.blurred  # what of the filling is replaced by a blur; no engine's concern

    @property
    def seq(self) -> int:
        """Position in the stream: in a mirrored window it does not rise."""
        return self.frame.seq

    @property
    def format(self) -> PictureFormat:
        """Size and pixel format."""
        return self.frame.format

    @cached_property
    def luma(self) -> NDArray[np.uint8]:
        """(height, width) brightness of the whole picture; not a copy where the source is 8-bit YUV."""
        return luma(self.frame)

    @cached_property
    def hole(self) -> NDArray[np.uint8]:
        """(height, width), 1 where the picture must not be looked at."""
        whole = np.zeros((self.format.height, self.format.width), np.uint8)
        box = self.mask.box
        whole[box.y : box.y + box.height, box.x : box.x + box.width] = self.mask.alpha > 0
        return whole

    @cached_property
    def cells(self) -> NDArray[np.bool_]:
        """Where the mask's box is hole, (box.height, box.width), in whole chroma cells."""
        across, down = layout(self.format.pixel_format).grid
        hole: NDArray[np.bool_] = self.mask.alpha > 0
        if across == down == 1 or hole.size == 0:
            return hole
        rows, columns = hole.shape
        padded = np.pad(hole, ((0, -rows % down), (0, -columns % across)))
        lines = np.logical_or.reduce([padded[row::down] for row in range(down)])
        cells: NDArray[np.bool_] = np.logical_or.reduce([lines[:, column::across] for column in range(across)])
        whole: NDArray[np.bool_] = cells.repeat(down, axis=0).repeat(across, axis=1)
        return whole[:rows, :columns]

    def read(self, box: Box) -> Pixels:
        """(h, w, C) pixels of a box aligned to the chroma grid (stages.pixels.align)."""
        return read(self.frame, box)


class Engine(Protocol):
    """Fills the holes of one shot, frame by frame; an object of it is the state, and lives as long as the shot."""

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return (h, w, C) pixels, 0 to 255, for the mask's box of the frame at offset 0.

        `window` holds the frames at the engine's offsets, mirrored at the ends of the shot. Called in order, once
        for every frame whose mask is not empty. Nothing under any frame's hole may show in the result.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """An engine by name: its reach, what its state weighs, and how to start one for a shot."""

    reach: Reach
    state_bytes: Callable[[PictureFormat], int]  # at most, beside the frames of the window
    start: Callable[[], Engine]
