"""Checkpoints in, the measures that need a network out: LPIPS and VFID. torch is imported for those who ask for one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from deploy.quality.pictures import Picture
from deploy.quality.score import Perceptual
from stages.errors import OptionError

if TYPE_CHECKING:
    from stages.nets.i3d import InceptionI3d
    from stages.nets.lpips import Lpips

PAPER = (432, 240)  # pixels: what the papers compute VFID at; it bounds the network's memory, too
PIECE = 128  # frames that I3D gets at once, some 1.5 GB; of a longer video's pieces the mean counts
NO_TORCH = "LPIPS and VFID need torch; pip install 'cleanplate[learned]' brings it"

Vector = NDArray[np.float64]  # (1024,)


def lpips(weights: Sequence[Path]) -> Perceptual:
    """Return the measure that the checkpoints hold, which is None of pictures too small for it; OptionError if none."""
    try:
        from stages.nets.checkpoint import CheckpointError, load
        from stages.nets.lpips import Lpips
    except ImportError as error:
        raise OptionError(NO_TORCH) from error
    try:
        return partial(_lpips, load(Lpips(), [str(path) for path in weights]))
    except CheckpointError as error:
        raise OptionError(f"LPIPS: {error}") from error


def _lpips(net: "Lpips", one: Picture, other: Picture) -> float | None:
    from stages.nets.lpips import SMALLEST, distance

    height, width = one.shape[:2]
    return distance(net, one.tobytes(), other.tobytes(), height, width) if min(height, width) >= SMALLEST else None


class Films:
    """I3D, for the features of whole videos."""

    def __init__(self, weights: Path) -> None:
        """Load it; OptionError if that cannot be."""
        try:
            from stages.nets.checkpoint import CheckpointError, load
            from stages.nets.i3d import InceptionI3d
        except ImportError as error:
            raise OptionError(NO_TORCH) from error
        try:
            self._net: InceptionI3d = load(InceptionI3d(), [str(weights)])
        except CheckpointError as error:
            raise OptionError(f"VFID: {error}") from error

    def open(self) -> "Film":
        """Return what takes the frames of one video."""
        return Film(self._net)


class Film:
    """One video; holds PIECE small pictures."""

    def __init__(self, net: "InceptionI3d") -> None:
        self._net = net
        self._held: list[bytes] = []
        self._sum = np.zeros(0)
        self._frames = 0

    def add(self, picture: Picture) -> None:
        """Take the next frame."""
        small = cv2.resize(picture, PAPER, interpolation=cv2.INTER_AREA)
        self._held.append(np.asarray(small, np.uint8).tobytes())
        if len(self._held) == PIECE:
            self._look()

    def feature(self) -> Vector:
        """Return the video's feature; there must have been a frame."""
        if self._held:
            self._look()
        return self._sum / self._frames

    def _look(self) -> None:
        from stages.nets.i3d import features

        piece, self._held = self._held, []
        seen = len(piece) * np.array(features(self._net, piece, PAPER[1], PAPER[0]))
        self._sum = self._sum + seen if self._frames else seen
        self._frames += len(piece)
