"""SiamMask as a follower: the box of a spot in, the object's outline in every later frame out. Needs torch.

Q. Wang et al., Fast online object tracking and segmentation: a unifying approach, CVPR 2019. The constants, and how
the best box is chosen and the outline laid back, are those of foolwood/SiamMask, tools/test.py with
experiments/siammask_sharp/config_davis.json. What it does when the object is lost is ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.nets.checkpoint import load
from stages.nets.numbers import place
from stages.nets.siammask import EXEMPLAR, SEARCH, Answer, Kernels, SiamMask
from stages.network import making
from stages.segment.spot import Spot, rectangle
from stages.segment.track.anchors import STRIDE, Best, choose
from stages.segment.track.place import SMALLEST, Place, Way, everywhere, place_of
from stages.segment.track.subwindow import Region, cut_out, paste
from stages.segment.track.tracker import Sighting
from stages.segment.view import Colours, View

Chances = NDArray[np.float32]  # (127, 127), 0 to 1

INFLUENCE: Final = 0.4  # of the place in the search: the object is near where it was
OUTLINE: Final = 0.35  # probability
BASE: Final = 8  # places that an answer has more than exemplars fit into a search

LOST: Final = 0.5  # below it the network itself takes it for something else; no weights were at hand to tune it with
FOUND: Final = 0.85  # once lost, it must be surer, as it looks at much more than one place
STEP: Final = 64  # pixels by which the search widens in every frame in which the object is missing
WIDENINGS: Final = 4
WIDEST: Final = SEARCH + WIDENINGS * STEP  # pixels of the search: four times the work

EDGE: Final = 4  # pixels of the search that outlines may end before the picture does


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where one frame is searched."""

    region: Region
    size: int  # pixels that it is scaled to


def siammask(
    checkpoint: str, *, device: str = "cpu", precision: str = "auto"
) -> Callable[[View, Spot], "SiamMaskFollower"]:
    """Return what makes followers, which share the network of a checkpoint; ModelError if it holds none.

    A device that torch does not have is an OptionError. bf16 takes half of f32's time on a processor that knows it.
    """
    with making("SiamMask"):
        net = place(load(SiamMask(), [checkpoint]), device, precision)
    return partial(SiamMaskFollower, net)


class SiamMaskFollower:
    """Follows one object; holds what two pictures of it look like: the first, and the last that the user gave."""

    def __init__(self, net: SiamMask, view: View, spot: Spot) -> None:
        """Take a network in evaluation mode, whose numbers and device are kept to."""
        self._net = net
        self._surround = (0, 0, 0)  # the colour of what lies beyond the picture: its mean
        self._way = Way()
        self._missing = self._age = 0  # frames without it; from a cut on, as if there had been some more
        self._begin(view, spot)
        self._first = self._kernels = self._look(view)

    def correct(self, view: View, spot: Spot) -> None:
        """Know what it looks like here, too."""
        self._begin(view, spot)
        pairs = zip(self._first, self._look(view), strict=True)
        self._kernels = Kernels(*(torch.cat(pair) for pair in pairs))

    def step(self, view: View) -> Sighting:
        """Return where the object is in the next frame; the better of the two pictures of it decides."""
        search = self._search(view)
        with torch.inference_mode():
            answer = self._net(self._kernels, self._tensor(cut_out(view, search.region, search.size, self._surround)))
            best = self._choose(answer)
            if not best.score >= (FOUND if self._missing else LOST):
                return self._miss(best)
            chances = self._net.refine(answer, best.kernel, best.row, best.column).float().sigmoid().cpu().numpy()
        self._place = self._moved(best, search, view)
        spot = _outline(chances, best, search, view) or rectangle(self._place.inside(view))
        if self._missing:
            self._way.forget()
        self._way.see(view, spot.box, EDGE * self._place.context / EXEMPLAR)
        self._missing = self._age = 0
        return Sighting(spot=spot, confidence=best.score)

    def cut(self) -> None:
        """Look everywhere from the next frame on."""
        self._missing = WIDENINGS
        self._way.forget()

    def _begin(self, view: View, spot: Spot) -> None:
        self._place = place_of(spot)
        self._surround = _mean(view)
        self._missing = self._age = 0
        self._way.forget()

    def _look(self, view: View) -> Kernels:
        """Return what the object looks like where it is."""
        place = self._place
        exemplar = cut_out(view, Region(x=place.x, y=place.y, side=round(place.context)), EXEMPLAR, self._surround)
        with torch.inference_mode():
            return self._net.template(self._tensor(exemplar))

    def _tensor(self, colours: Colours) -> Tensor:
        """Return (1, 3, H, W) as the network wants it, channels last in memory as they were."""
        return torch.from_numpy(colours)[None].permute(0, 3, 1, 2).to(next(self._net.parameters()))

    def _search(self, view: View) -> Search:
        """Return where to look: around the last place, wider while it is missing, then also everywhere in turn."""
        size = min(SEARCH + STEP * self._missing, WIDEST)
        side = round(self._place.context * size / EXEMPLAR)
        x, y = self._place.x, self._place.y
        turn, elsewhere = divmod(self._missing - WIDENINGS, 2)
        if turn >= 0 and elsewhere:
            x, y = everywhere(turn, side, view)
        return Search(region=Region(x=x, y=y, side=side), size=size)

    def _choose(self, answer: Answer) -> Best:
        scale = EXEMPLAR / self._place.context
        last = self._place.width * scale, self._place.height * scale
        scores, boxes = answer.scores.float().cpu().numpy(), answer.boxes.float().cpu().numpy()
        return choose(scores, boxes, last, 0.0 if self._missing else INFLUENCE)

    def _miss(self, best: Best) -> Sighting:
        self._missing, self._age = self._missing + 1, self._age + 1
        return Sighting(spot=None, confidence=1 - best.score, age=self._age, left=self._way.left(self._age))

    def _moved(self, best: Best, search: Search, view: View) -> Place:
        """Return the last place changed towards the best box."""
        scale = self._place.context / EXEMPLAR
        width = self._place.width + best.rate * (best.width * scale - self._place.width)
        height = self._place.height + best.rate * (best.height * scale - self._place.height)
        return Place(
            x=min(max(search.region.x + best.x * scale, 0.0), float(view.width)),
            y=min(max(search.region.y + best.y * scale, 0.0), float(view.height)),
            width=max(float(SMALLEST), min(width, view.width)),
            height=max(float(SMALLEST), min(height, view.height)),
        )


def _mean(view: View) -> tuple[int, int, int]:
    blue, green, red, _ = (int(number) for number in cv2.mean(view.bgr))
    return blue, green, red


def _outline(chances: Chances, best: Best, search: Search, view: View) -> Spot | None:
    """Return the outline laid back into the picture; its corner is half an exemplar from its place's middle."""
    scale = search.region.side / search.size
    x = search.region.x - search.region.side / 2 + (best.column - BASE / 2) * STRIDE * scale
    y = search.region.y - search.region.side / 2 + (best.row - BASE / 2) * STRIDE * scale
    return paste(chances, (x, y), scale, OUTLINE, view)
