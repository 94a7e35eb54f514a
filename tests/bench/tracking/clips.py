"""The name of a DAVIS sequence in, its decoded frames and the truth about its object out."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.segment.view import View
from tests.bench.fill.clips import FOOTAGE
from transport.messages import Frame

Truth = NDArray[np.bool_]  # (H, W)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clip:
    """One sequence, all of it: at most some hundred small pictures."""

    name: str
    frames: list[Frame]
    truths: list[Truth]  # one for every frame; the first is never empty

    def views(self) -> Iterator[View]:
        """Yield the frames, looked at anew: nothing that another tracker converted is there already."""
        return map(View, self.frames)


def load(name: str, limit: int = 0) -> Clip:
    """Return one sequence as decode gives it, or its first `limit` frames."""
    folder = next(path for path in (FOOTAGE / "davis480" / name, FOOTAGE / "davis240" / name) if path.exists())
    pictures = decode(str(folder / "frames"), DecodeConfig(threads=1))
    frames = list(islice((item for item in pictures if isinstance(item, Frame)), limit or None))
    paths = sorted((folder / "masks").iterdir())[: len(frames)]
    truths = [_truth(path) for path in paths]
    if not frames or len(truths) != len(frames) or not truths[0].any():
        raise ValueError(f"{name} has {len(frames)} frames and {len(truths)} masks, one for each and a first expected")
    return Clip(name=name, frames=frames, truths=truths)


def _truth(path: Path) -> Truth:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert mask is not None, path
    return np.asarray(mask >= 128)
