"""Differences in, whole things out: what is surely different with all that hangs on to it, without holes and specks."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]  # (H, W), 0 or 1
Colours = NDArray[np.uint8]  # (H, W, 3)
Values = NDArray[np.float32]  # (H, W)
Where = NDArray[np.bool_]  # (H, W)

SURE = 2.0  # times the weak level
SMALLEST = 0.0003  # of the picture: what is smaller is a speck ...
SEED = 0.15  # ... and so is what has less of its area surely different
BRIDGE = 0.012  # of the picture's height: gaps that are closed between parts of one thing
HOLE = 0.02  # of the picture: larger holes stay open, as one sees the scene through them
RIM = 1  # pixels by which things are grown: their soft border
FREE = 0.6  # of the border of what stands still: less, and it is the inside of something
BARE = 0.5  # a ghost's outline in the picture, of that in the plate
ALIKE = 0.9  # correlation of what is only lit in another way
FLAT = 5.0  # levels of contrast: less is no outline
MARGIN = 8  # pixels around a part that are looked at


def whole(off: Values, level: Values, before: Where) -> Where:
    """Return what moves: `off` is the difference, `level` the weak one, `before` what moved in the frame before."""
    weak = (off > level).astype(np.uint8)
    seed = (off > SURE * level) | (before & (weak > 0))
    weak = _joined(weak)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    seeds = np.bincount(labels[seed], minlength=count)
    areas = stats[:, cv2.CC_STAT_AREA]
    kept = (areas >= SMALLEST * weak.size) & (seeds >= SEED * areas)
    kept[0] = False
    filled = _filled(kept[labels].astype(np.uint8))
    size = 2 * RIM + 1
    return np.asarray(cv2.dilate(filled, np.ones((size, size), np.uint8)) > 0)


def ghosts(still: Where, moving: Where, sure: Where, picture: Colours, plate: Colours) -> Where:
    """Return which parts of what stands still are bare ground: their outline is seen in the plate, not in the picture.

    `moving` is what moved or appeared, `still` what of it has not changed for a while, `sure` is surely different. What
    cannot be told is no ghost, as an object that stopped must not be shown: above all the calm inside of something that
    still stirs.
    """
    gone = np.zeros_like(still)
    for part, place in _parts(still):
        around = _grown(part, 3) & ~part
        if np.count_nonzero(around & ~moving[place]) < FREE * np.count_nonzero(around):
            continue
        seen = picture[place], plate[place]
        faint = np.count_nonzero(part & sure[place]) < SEED * np.count_nonzero(part)
        if faint or _is_bare(part, *seen) or _is_lit(part, *seen):
            gone[place] |= _grown(part, 5) & moving[place]
    return gone


def relit(moving: Where, picture: Colours, plate: Colours) -> Where:
    """Return which parts of what moves show the very thing that the plate shows, in another light."""
    same = np.zeros_like(moving)
    for part, place in _parts(moving):
        if _is_lit(part, picture[place], plate[place]):
            same[place] |= part
    return same


def _parts(where: Where) -> Iterator[tuple[Where, tuple[slice, slice]]]:
    """Yield each connected part in a window that is a little wider, and the window."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8), connectivity=8)
    for label in range(1, count):
        x, y, width, height = (int(value) for value in stats[label, :4])
        rows = slice(max(y - MARGIN, 0), y + height + MARGIN)
        place = rows, slice(max(x - MARGIN, 0), x + width + MARGIN)
        yield labels[place] == label, place


def _is_bare(part: Where, picture: Colours, plate: Colours) -> bool:
    """Whether a part has no outline at all in the picture, or hardly any beside that in the plate."""
    border, beside = _band(part, 0, 5), _band(part, 7, 13)
    now, then = _contrast(picture), _contrast(plate)
    if now[border].mean() < FLAT:
        return True
    if not beside.any():
        return False
    stands_out, stood_out = (float(image[border].mean() - image[beside].mean()) for image in (now, then))
    return stood_out > FLAT and stands_out < BARE * stood_out


def _band(part: Where, inner: int, outer: int) -> Where:
    """Return what lies along a part's border, on both sides, between two widths in pixels."""
    mask = part.astype(np.uint8)
    wide = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((outer, outer), np.uint8)) > 0
    if inner:
        wide &= cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((inner, inner), np.uint8)) == 0
    return wide


def _is_lit(part: Where, picture: Colours, plate: Colours) -> bool:
    """Whether a part shows the very thing that the plate shows, in another light."""
    near = _grown(part, 5)
    now, then = (image[near].astype(np.float32).sum(axis=1) for image in (picture, plate))
    now, then = now - now.mean(), then - then.mean()
    power = float(np.sqrt((now * now).sum() * (then * then).sum()))
    return power > FLAT * FLAT * len(now) and float((now * then).sum()) > ALIKE * power


def _grown(part: Where, size: int) -> Where:
    return np.asarray(cv2.dilate(part.astype(np.uint8), np.ones((size, size), np.uint8))) > 0


def _contrast(image: Colours) -> Grey:
    return np.asarray(cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2), np.uint8)


def _joined(weak: Grey) -> Grey:
    """Take out single pixels, then close gaps."""
    size = max(3, round(BRIDGE * weak.shape[0]) | 1)
    opened = cv2.medianBlur(weak, 3)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, disc), np.uint8)


def _filled(mask: Grey) -> Grey:
    """Fill holes that are not large."""
    outlines, levels = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return mask
    inner = [outline for outline, level in zip(outlines, levels[0], strict=True) if level[3] >= 0]
    small = [outline for outline in inner if cv2.contourArea(outline) < HOLE * mask.size]
    return np.asarray(cv2.drawContours(mask.copy(), small, -1, 1, cv2.FILLED), np.uint8)
