"""A frame and the plate behind it in, what speaks for a shadow in every pixel out: 1 for, -1 against, 0 unknown.

A shadow takes light away, by much the same factor all over it: the picture is darker than the plate, its chroma is
nearly the plate's (outdoors a little bluer: the sky still shines into it), its texture goes through (after Horprasert,
Harwood and Davis 1999; Jacques, Jung and Musse 2005).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stages.segment.outline.plate import Flags, Logs, log_ratio
from stages.segment.outline.reduced import Picture, mean, most

Votes = NDArray[np.float32]  # (h, w), -1 to 1

FAINT = 0.07  # log: a shadow takes at least 7 % of the light
SURELY = 0.25  # log: ground that became darker by less may have been seen brighter by chance
DEEP = 1.7  # log: it leaves a fifth at least
TINT = (0.06, 0.25)  # log, and share of the darkening, by which a component may differ from the others
UNEVEN = (0.08, 0.4)  # the same for the spread among neighbours: borders are soft
LOCAL = 0.3  # log: less light that only this part of the picture may have
NOISY = 1.5  # times the unrest of a pixel: less darkening is none
SMOOTH = (3, 3)
NEAR = np.ones((3, 3), np.uint8)
AROUND = (5, 5)  # reduced pixels: the neighbours


def shade(seen: Picture, plate: Picture, unrest: Logs, known: Flags) -> Votes:
    """Return the votes of pixels of a zone, all (h, w, ...); they mean something where the plate is known."""
    ratio = log_ratio(cv2.blur(seen, SMOOTH), cv2.blur(plate, SMOOTH))
    if known.any():
        # Automatic exposure does not change all of a picture alike; most of the zone is not in shadow.
        ratio = ratio - np.clip(np.median(ratio[known], axis=0), -LOCAL, 0)
    change = mean(ratio)
    faint = np.maximum(np.float32(FAINT), np.float32(NOISY) * unrest)
    dark = change < -faint
    fits = dark & is_shade(ratio)
    votes = np.where(change > -faint / 2, np.float32(-1), np.float32(0))
    votes[dark & ~fits] = -0.5
    votes[fits & is_even(change, fits)] = 1
    return votes


def darkened(seen: Picture, lit: Picture) -> Flags:
    """Return where a zone, (h, w, 3), lies in a shadow in which it did not lie when it was `lit`, as bright as ever.

    The camera's motion may be wrong by a pixel: what is taken for lit is the darkest of those around.
    """
    ratio = log_ratio(cv2.blur(seen, SMOOTH), cv2.erode(lit, NEAR))
    return (mean(ratio) < -SURELY) & is_shade(ratio)


def is_shade(ratio: Picture) -> Flags:
    """Return where the (h, w, 3) log ratios to what is lit are those of a shadow, as long as it is dark enough."""
    change = mean(ratio)
    tint = most(ratio - change[..., None])
    fits: Flags = (change > -DEEP) & (tint < TINT[0] - TINT[1] * change)
    return fits


def is_even(change: Logs, fits: Flags) -> Flags:
    """Return where the log ratios differ little among the neighbours that fit."""
    weight = fits.astype(np.float32)
    share = cv2.blur(weight, AROUND) + np.float32(1e-6)
    mean = cv2.blur(change * weight, AROUND) / share
    spread = np.sqrt(np.maximum(cv2.blur(change * change * weight, AROUND) / share - mean * mean, 0))
    even: Flags = spread < UNEVEN[0] - UNEVEN[1] * mean
    return even
