"""The files of the first pass in, for the points of a hole where they are seen far away, and what is seen there out."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.compiled import compiled
from stages.inpaint.propagate.detail import Originals
from stages.inpaint.propagate.follow import Ints, Points
from stages.inpaint.propagate.images import Floats, Known
from stages.inpaint.propagate.plates import Plates
from stages.inpaint.propagate.pointers import NOWHERE, Pointers
from stages.inpaint.propagate.records import Reader
from stages.inpaint.propagate.sample import clear
from stages.inpaint.propagate.sizes import small_size
from stages.inpaint.propagate.survey import NAME, read_crop
from stages.inpaint.propagate.sweep import EARLIER, LATER, read_pointers
from transport.messages import PictureFormat


class Foresight:
    """Brings parts of frames that lie far away into the spare slots of the plates.

    What is found depends on the frame alone that is asked about, never on what was asked before.
    """

    def __init__(self, folder: Path, picture: PictureFormat, plates: Plates, originals: Originals | None) -> None:
        self._picture, self._plates, self._originals = picture, plates, originals
        self._survey = Reader(folder / NAME, NAME, picture)
        self._pointers = [Reader(folder / name, name, picture) for name in (EARLIER, LATER)]
        width, height = small_size(picture)
        self._scale = picture.width / width, picture.height / height
        self._slots: dict[int, int] = {}  # of the frames that have been brought in

    def look(self, now: int, points: Points, look_ahead: int, near: list[Pointers]) -> list[Pointers]:
        """Return where the points are seen earlier and later, each for those of which `near` knows nothing real."""
        found = [read_pointers(reader, now, points) for reader in self._pointers]
        for there, known in zip(found, near, strict=True):
            there.seq[known.real] = NOWHERE
        spare = self._plates.spare(now, look_ahead)
        self._bring(_most(np.concatenate([there.seq for there in found]), len(spare)), spare)
        frames = np.array(sorted(self._slots), np.int32)
        slots = np.array([self._slots[seq] for seq in sorted(self._slots)], np.int32)
        for there in found:
            _rename(there.seq, there.x, there.y, frames, slots, self._plates.far, self._plates.holes)
        return found

    def _bring(self, wanted: list[int], spare: list[int]) -> None:
        """Let the wanted frames lie in spare slots, and no others."""
        self._slots = {seq: slot for seq, slot in self._slots.items() if slot in spare and seq in wanted}
        free = [slot for slot in reversed(spare) if slot not in self._slots.values()]
        for seq in wanted:
            if seq not in self._slots and (crop := read_crop(self._survey, seq, self._picture)) is not None:
                self._slots[seq] = slot = free.pop(0)
                self._plates.put(slot, crop)
                if self._originals is not None:
                    self._originals.put(slot, crop, self._scale)


def _most(seqs: NDArray[np.int32], count: int) -> list[int]:
    """Return the frames that most points point into."""
    frames, counts = np.unique(seqs[seqs != NOWHERE], return_counts=True)
    return [int(seq) for seq in frames[np.lexsort((frames, -counts))[:count]]]


@compiled
def _rename(seq: Ints, x: Floats, y: Floats, frames: Ints, slots: Ints, far: int, holes: Known) -> None:
    """Write what slots are called in place of frames, and forget pointers to what there is nothing of."""
    for i in range(seq.size):
        if seq[i] == NOWHERE:
            continue
        k = np.searchsorted(frames, seq[i])
        there = k < frames.size and frames[k] == seq[i]
        seq[i] = far + slots[k] if there and clear(holes[slots[k]], x[i], y[i]) == 1 else NOWHERE
