"""Followers that everything better must beat: the first mask held, warped by flow, GrabCut in a network's box."""

from collections.abc import Callable

import cv2
import numpy as np

from stages.segment.spot import SURE, Grey, Spot, crop, rectangle, slices
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from tests.bench.fill.clips import FOOTAGE
from transport.messages import Box

BACKBONE, HEAD = (FOOTAGE.parent / "weights" / f"nanotrack_{part}_sim.onnx" for part in ("backbone", "head"))
AROUND = 0.25  # of the box, on every side: what GrabCut sees of the surroundings
ROUNDS = 3  # of GrabCut
NO_SCORE = 0.3  # of NanoTrack, below which the object is taken for lost


class Held:
    """The first mask, for ever."""

    def __init__(self, view: View, spot: Spot) -> None:
        self._sighting = Sighting(spot=spot, confidence=0.5)

    def step(self, view: View) -> Sighting:
        """Return the same again."""
        return self._sighting

    def correct(self, view: View, spot: Spot) -> None:
        """Hold another mask."""
        self._sighting = Sighting(spot=spot, confidence=0.5)

    def cut(self) -> None:
        """Go on."""


class Flow:
    """The mask before, warped by dense flow. T. Kroeger et al., Fast optical flow using DIS, ECCV 2016."""

    def __init__(self, view: View, spot: Spot) -> None:
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self.correct(view, spot)

    def step(self, view: View) -> Sighting:
        """Return the mask where the flow from this frame to the one before leads to it."""
        luma = view.luma.copy()
        flow = self._flow.calc(luma, self._before, None)
        x, y = np.meshgrid(np.arange(view.width, dtype=np.float32), np.arange(view.height, dtype=np.float32))
        self._mask = np.asarray(cv2.remap(self._mask, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR), np.uint8)
        self._before = luma
        return Sighting(spot=crop(self._mask), confidence=0.5)

    def correct(self, view: View, spot: Spot) -> None:
        """Warp another mask from here on."""
        self._before = view.luma.copy()
        self._mask = np.zeros_like(self._before)
        self._mask[slices(spot.box)] = spot.values

    def cut(self) -> None:
        """Go on."""


class Boxes:
    """A box that something follows, made into a mask or taken for one; it stays where it was while it is lost."""

    def __init__(self, follow: Callable[[View], Box | None], outline: Callable[[View, Box], Spot | None]) -> None:
        self._follow, self._outline = follow, outline

    def step(self, view: View) -> Sighting:
        """Return what is in the box."""
        box = self._follow(view)
        spot = self._outline(view, box) if box else None
        return Sighting(spot=spot, confidence=0.5 if spot else 0.0)

    def correct(self, view: View, spot: Spot) -> None:
        """Know no better: a box follower is never corrected here."""

    def cut(self) -> None:
        """Go on."""


def nanotrack(view: View, spot: Spot) -> Boxes:
    """Follow the box around a spot by NanoTrack v2, GrabCut in every box; the network's boxes only, no memory."""
    parameters = cv2.TrackerNano_Params()
    parameters.backbone, parameters.neckhead = str(BACKBONE), str(HEAD)
    tracker = cv2.TrackerNano_create(parameters)
    box = spot.box
    tracker.init(view.bgr, (box.x, box.y, box.width, box.height))

    def follow(view: View) -> Box | None:
        _, (x, y, width, height) = tracker.update(view.bgr)
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + width, view.width), min(y + height, view.height)
        if tracker.getTrackingScore() < NO_SCORE or right <= left or bottom <= top:
            return None
        return Box(x=left, y=top, width=right - left, height=bottom - top)

    return Boxes(follow, plain_grabcut)


def plain_grabcut(view: View, box: Box) -> Spot | None:
    """Return what OpenCV's GrabCut takes for the object in a box, with nothing added.

    C. Rother et al., GrabCut: interactive foreground extraction using iterated graph cuts, SIGGRAPH 2004.
    """
    dx, dy = round(AROUND * box.width), round(AROUND * box.height)
    x, y = max(box.x - dx, 0), max(box.y - dy, 0)
    right, bottom = min(box.x + box.width + dx, view.width), min(box.y + box.height + dy, view.height)
    around = Box(x=x, y=y, width=right - x, height=bottom - y)
    labels: Grey = np.full((around.height, around.width), cv2.GC_BGD, np.uint8)
    labels[slices(box, around)] = cv2.GC_PR_FGD
    if (labels == cv2.GC_PR_FGD).all():
        return rectangle(box)  # there are no surroundings to tell it from
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(view.crop(around), labels, (0, 0, 0, 0), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    values = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.uint8(255), np.uint8(0))
    return Spot(box=around, values=values) if (values >= SURE).any() else rectangle(box)
