"""How long to wait before something that failed is tried again: a camera, a server, a disk."""

from typing import Final

PAUSES_S: Final = (1.0, 5.0, 10.0, 60.0)
WELL_S: Final = 5.0  # what went on for so long has recovered: its next pause is the first again


def pause_s(failures: int, tried_s: float = 0.0) -> float:
    """Return the seconds to wait after so many failures in a row, at least one, the last of which took `tried_s`.

    Between two tries' beginnings lie the pauses: one that hung in a dead network has waited already.
    """
    return max(PAUSES_S[0], PAUSES_S[min(failures, len(PAUSES_S)) - 1] - tried_s)
