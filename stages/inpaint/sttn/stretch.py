"""A look-ahead in, how many frames are made in a pass out, and which others are looked at for them."""

from typing import Final

BEHIND: Final = 5  # frames before the first that is made; neighbor_stride in test.py of the original
AFTER: Final = 2  # frames after each one that is made, at least, where the look-ahead has as many
SPACING: Final = 10  # frames from one reference to the next; the original's ref_length
REFERENCES: Final = 4  # the latest ones that are held; the original takes them from all of the video, before and after


def stretch_for(look_ahead: int) -> int:
    """Return how many frames are made in a pass."""
    return max(look_ahead + 1 - AFTER, 1)
