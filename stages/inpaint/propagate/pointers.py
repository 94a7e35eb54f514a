"""Where pixels are to be seen: a list of places in other frames, one for every small pixel of a hole."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from stages.inpaint.propagate.images import Floats

NOWHERE = -1
FAR = 1 << 30  # from here on it is not the number of a frame, but of a spare slot, valid for one frame
SEEN, KEPT, INVENTED = 0, 1, 2  # in the frame as it was shot; in what filled its hole, seen before; the same, made up
UNKNOWN = np.float32(1000)  # variance of what points nowhere


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pointers:
    """For n pixels, each with a place in a frame, and how sure it is."""

    seq: NDArray[np.int32]  # the frame, or NOWHERE
    kind: NDArray[np.uint8]  # SEEN, KEPT or INVENTED
    x: Floats  # small pixels
    y: Floats
    variance: Floats  # of the place, small pixels squared

    @property
    def real(self) -> NDArray[np.bool_]:
        """Points at something that a frame has shown."""
        real: NDArray[np.bool_] = (self.seq != NOWHERE) & (self.kind != INVENTED)
        return real

    @property
    def invented(self) -> NDArray[np.bool_]:
        """Points at something that no frame has shown."""
        made_up: NDArray[np.bool_] = (self.seq != NOWHERE) & (self.kind == INVENTED)
        return made_up

    @property
    def lasting(self) -> "Pointers":
        """The same without those to spare slots, which hold for one frame."""
        kept = self.copy()
        kept.seq[kept.seq >= FAR] = NOWHERE
        return kept

    def copy(self) -> "Pointers":
        """Return the same pointers in arrays of their own."""
        return Pointers(**{field.name: getattr(self, field.name).copy() for field in fields(self)})

    def put(self, index: NDArray[np.bool_], other: "Pointers") -> None:
        """Overwrite some of them by those of another list of the same length."""
        for field in fields(self):
            getattr(self, field.name)[index] = getattr(other, field.name)[index]


def nowhere(count: int) -> Pointers:
    """Return pointers that point nowhere."""
    return Pointers(
        seq=np.full(count, NOWHERE, np.int32),
        kind=np.zeros(count, np.uint8),
        x=np.zeros(count, np.float32),
        y=np.zeros(count, np.float32),
        variance=np.full(count, UNKNOWN, np.float32),
    )
