"""Sheets: moments are spread over the whole clip, however long it is, and few are kept on the way."""

import numpy as np
import pytest

from deploy.demo.sheet import CAPTION, GAP, LABEL
from deploy.quality.sheets import COLUMNS, Sheet


@pytest.mark.parametrize("frames", [1, 5, 12, 13, 100, 201])
def test_moments_are_spread_over_the_whole_clip(frames):
    sheet = Sheet()
    for seq in range(frames):
        level = np.full((20, 30, 3), seq, np.uint8)
        sheet.add(seq, level, level, None)
    shown = levels(sheet.picture())
    assert len(shown) == min(COLUMNS, frames)
    assert shown[0] == 0
    assert shown == sorted(set(shown))
    steps = np.diff([*shown, frames])
    assert steps.max() <= max(2, frames // 3)  # nothing long is left out, at the end neither


def levels(picture):
    """Return the value in the middle of every column of the first row."""
    columns = range(LABEL + 15, picture.shape[1] - GAP, 30 + GAP)
    return [int(picture[CAPTION + 10, x, 0]) for x in columns]
