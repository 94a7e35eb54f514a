"""What is seen of an object in, what a fill must replace out: held steady, and grown by all that its edge leaves."""

import cv2
import numpy as np

from stages.segment.outline.contact import contact, reach
from stages.segment.outline.halo import Halo
from stages.segment.outline.holes import close_holes
from stages.segment.outline.motion import ObjectMotion
from stages.segment.outline.smear import smear
from stages.segment.outline.steady import Steady
from stages.segment.outline.turned import quarters, shown, stored
from stages.segment.spot import Grey, Spot, expand, slices, tight
from stages.segment.view import View
from transport.messages import PictureFormat


class Outline:
    """Makes the outlines of one shot after another; holds a reduced picture and the last outline's distances."""

    def __init__(self, picture: PictureFormat) -> None:
        self._picture, self._turns = picture, quarters(picture)
        self._shown_height = picture.width if self._turns % 2 else picture.height
        self._motion = ObjectMotion(picture)
        self._steady, self._halo = Steady(), Halo()

    def step(self, view: View, spot: Spot | None) -> Spot | None:
        """Return the object of the next frame, 0 and 255, as `sure` or `Holder` returned it, grown; never less.

        Call it for every frame. A margin for what no outline knows (`soften`) comes on top.
        """
        way = self._motion.step(view, spot)
        if spot is None:
            self._steady.forget()
            return None
        box = expand(spot.box, reach(self._shown_height), self._picture)
        inside = np.zeros((box.height, box.width), np.uint8)
        inside[slices(spot.box, box)] = close_holes(spot.values, self._picture.height)
        inside = self._with_contact(inside, view.luma[slices(box)])
        outline = Spot(box=box, values=self._steady.step(inside, way, box))
        outline = smear(outline, way, self._picture) if way else outline
        return self._widened(outline, self._halo.step(view.luma))

    def forget(self) -> None:
        """Know that the next frame begins a new shot."""
        self._motion.forget()
        self._steady.forget()
        self._halo.forget()

    def _with_contact(self, inside: Grey, luma: Grey) -> Grey:
        upright = contact(shown(inside, self._turns), shown(luma, self._turns), self._shown_height)
        return stored(upright, self._turns)

    def _widened(self, spot: Spot, pixels: int) -> Spot | None:
        box = expand(spot.box, pixels, self._picture)
        values = np.zeros((box.height, box.width), np.uint8)
        values[slices(spot.box, box)] = spot.values
        if pixels:
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
            values = np.asarray(cv2.dilate(values, disc), np.uint8)
        return tight(values > 0, box)
