"""Where pixels are to be seen: a list of places in other frames, one for every pixel of a hole."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

NOWHERE = -1
INVENTED = np.float32(100)  # added to the variance of what no frame has shown


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pointers:
    """For n pixels, each with a place in a frame, and how sure it is."""

    seq: NDArray[np.int32]  # the frame, or NOWHERE
    kept: NDArray[np.bool_]  # of that frame's fill, not of the frame itself
    x: NDArray[np.float32]  # pixels
    y: NDArray[np.float32]
    variance: NDArray[np.float32]  # of the place, pixels² of the motion's scale; from INVENTED up where it is made up

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Points somewhere."""
        valid: NDArray[np.bool_] = self.seq != NOWHERE
        return valid

    @property
    def invented(self) -> NDArray[np.bool_]:
        """Points at something that no frame has shown."""
        made_up: NDArray[np.bool_] = self.valid & (self.variance >= INVENTED)
        return made_up

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "Pointers":
        """Return some of them."""
        return Pointers(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def put(self, index: NDArray[np.intp] | NDArray[np.bool_], other: "Pointers") -> None:
        """Overwrite some of them."""
        for field in fields(self):
            getattr(self, field.name)[index] = getattr(other, field.name)

    def moved(self, dx: NDArray[np.float32], dy: NDArray[np.float32]) -> "Pointers":
        """Return the same pointers for pixels that lie beside these."""
        return Pointers(seq=self.seq, kept=self.kept, x=self.x + dx, y=self.y + dy, variance=self.variance)


def nowhere(count: int) -> Pointers:
    """Return pointers that point nowhere."""
    zeros = np.zeros(count, np.float32)
    return Pointers(
        seq=np.full(count, NOWHERE, np.int32),
        kept=np.zeros(count, np.bool_),
        x=zeros,
        y=zeros.copy(),
        variance=np.full(count, 2 * INVENTED, np.float32),
    )


def into(seq: int, x: NDArray[np.float32], y: NDArray[np.float32], variance: NDArray[np.float32]) -> Pointers:
    """Return pointers into one frame as it was shot."""
    count = x.size
    seqs, kept = np.full(count, seq, np.int32), np.zeros(count, np.bool_)
    return Pointers(seq=seqs, kept=kept, x=x, y=y, variance=variance)
