"""SiamMask as a follower: the box of a spot in, the object's outline in every later frame out. Needs torch.

Q. Wang et al., Fast online object tracking and segmentation: a unifying approach, CVPR 2019. The constants, and how
the best box is chosen and the outline laid back, are those of foolwood/SiamMask, tools/test.py with
experiments/siammask_sharp/config_davis.json. What it does when the object is lost is ours.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stages.errors import ModelError, OptionError
from stages.nets.checkpoint import CheckpointError, load
from stages.nets.siammask import EXEMPLAR, SEARCH, Answer, Kernels, SiamMask
from stages.segment.spot import Spot, rectangle, sure
from stages.segment.track.anchors import STRIDE, Best, choose
from stages.segment.track.subwindow import Region, cut_out, paste
from stages.segment.track.tracker import Sighting
from stages.segment.view import Colours, View
from transport.messages import Box

Precision = Literal["f32", "bf16"]
PRECISIONS: Final = {"f32": torch.float32, "bf16": torch.bfloat16}
Chances = NDArray[np.float32]  # (127, 127), 0 to 1
Sides = NDArray[np.float64]  # (4,) pixels: left, top, right, bottom of a box

INFLUENCE: Final = 0.4  # of the place in the search: the object is near where it was
OUTLINE: Final = 0.35  # probability
BASE: Final = 8  # places that an answer has more than exemplars fit into a search
SMALLEST: Final = 10  # pixels of a side of the box

LOST: Final = 0.5  # below it the network itself takes it for something else; no weights were at hand to tune it with
FOUND: Final = 0.85  # once lost, it must be surer, as it looks at much more than one place
STEP: Final = 64  # pixels by which the search widens in every frame in which the object is missing
WIDENINGS: Final = 4
WIDEST: Final = SEARCH + WIDENINGS * STEP  # pixels of the search: four times the work

STEADY: Final = 0.5  # weight of the newest shift in the object's motion
LEAVING: Final = 25  # frames in which what is at the picture's edge must be out of it, or it does not leave
EDGE: Final = 4  # pixels of the search that outlines may end before the picture does


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The box that the network believes in, which need not end at the picture's edge."""

    x: float  # pixels, of the centre
    y: float
    width: float
    height: float

    @property
    def context(self) -> float:
        """The side of the square that shows the object and half its mean side around it."""
        around = (self.width + self.height) / 2
        return math.sqrt((self.width + around) * (self.height + around))

    def inside(self, view: View) -> Box:
        """Return its part in the picture, at least a pixel."""
        x, right = (_within(self.x + side * self.width / 2, view.width) for side in (-1, 1))
        y, bottom = (_within(self.y + side * self.height / 2, view.height) for side in (-1, 1))
        return Box(
            x=min(x, view.width - 1), y=min(y, view.height - 1), width=max(1, right - x), height=max(1, bottom - y)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where one frame is searched."""

    region: Region
    size: int  # pixels that it is scaled to


def siammask(
    checkpoint: str, *, device: str = "cpu", precision: Precision = "f32"
) -> Callable[[View, Spot], "SiamMaskFollower"]:
    """Return what makes followers, which share the network of a checkpoint; ModelError if it holds none.

    A device that torch does not have is an OptionError. bf16 takes half of f32's time on a processor that knows it.
    """
    try:
        net = load(SiamMask(), [checkpoint]).to(device=device, dtype=PRECISIONS[precision])
    except CheckpointError as error:
        raise ModelError(f"SiamMask: {error}") from error
    except (RuntimeError, AssertionError) as error:  # torch's ways of saying that there is no such device
        raise OptionError(f"SiamMask cannot run on {device}: {str(error).splitlines()[0]}") from error
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return partial(SiamMaskFollower, net)


class SiamMaskFollower:
    """Follows one object; holds what two pictures of it look like: the first, and the last that the user gave."""

    def __init__(self, net: SiamMask, view: View, spot: Spot) -> None:
        """Take a network in evaluation mode, whose numbers and device are kept to."""
        self._net = net
        self._surround = (0, 0, 0)  # the colour of what lies beyond the picture: its mean
        self._sides: Sides | None = None  # of the box around its last outline
        self._motion = np.zeros(4)  # of these, pixels in a frame
        self._rest = math.inf  # frames until it has left
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
        self._see(view, spot)
        return Sighting(spot=spot, confidence=best.score)

    def cut(self) -> None:
        """Look everywhere from the next frame on."""
        self._missing, self._rest, self._sides = WIDENINGS, math.inf, None

    def _begin(self, view: View, spot: Spot) -> None:
        self._place = _place(spot)
        self._surround = _mean(view)
        self._missing = self._age = 0
        self._sides, self._rest = None, math.inf

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
        """Return where to look: around the last place, wider while it is missing, then everywhere in turn."""
        size = min(SEARCH + STEP * self._missing, WIDEST)
        side = round(self._place.context * size / EXEMPLAR)
        x, y = self._place.x, self._place.y
        if self._missing >= WIDENINGS:
            x, y = _turn(self._missing - WIDENINGS, side, view)
        return Search(region=Region(x=x, y=y, side=side), size=size)

    def _choose(self, answer: Answer) -> Best:
        scale = EXEMPLAR / self._place.context
        last = self._place.width * scale, self._place.height * scale
        scores, boxes = answer.scores.float().cpu().numpy(), answer.boxes.float().cpu().numpy()
        return choose(scores, boxes, last, 0.0 if self._missing else INFLUENCE)

    def _miss(self, best: Best) -> Sighting:
        self._missing, self._age = self._missing + 1, self._age + 1
        return Sighting(spot=None, confidence=1 - best.score, age=self._age, left=self._age >= self._rest)

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

    def _see(self, view: View, spot: Spot) -> None:
        """Know how it moves, and whether it is on its way out of the picture."""
        box = spot.box
        sides = np.array([box.x, box.y, box.x + box.width, box.y + box.height], np.float64)
        if self._missing or self._sides is None:
            self._motion = np.zeros(4)
        else:
            self._motion += STEADY * (sides - self._sides - self._motion)
        margin = EDGE * self._place.context / EXEMPLAR
        self._sides, self._rest = sides, _rest(sides, self._motion, margin, view)
        self._missing = self._age = 0


def _place(spot: Spot) -> Place:
    box = (sure(spot) or spot).box
    width, height = max(SMALLEST, box.width), max(SMALLEST, box.height)
    return Place(x=box.x + box.width / 2, y=box.y + box.height / 2, width=width, height=height)


def _within(pixel: float, side: int) -> int:
    return min(max(round(pixel), 0), side)


def _mean(view: View) -> tuple[int, int, int]:
    blue, green, red, _ = (int(number) for number in cv2.mean(view.bgr))
    return blue, green, red


def _turn(turn: int, side: int, view: View) -> tuple[float, float]:
    """Return the centre of one of the squares that show all of the picture in turn, half over each other."""
    columns, rows = (max(1, math.ceil(2 * length / side) - 1) for length in (view.width, view.height))
    row, column = divmod(turn % (columns * rows), columns)
    return view.width * (column + 1) / (columns + 1), view.height * (row + 1) / (rows + 1)


def _outline(chances: Chances, best: Best, search: Search, view: View) -> Spot | None:
    """Return the outline laid back into the picture; its corner is half an exemplar from its place's middle."""
    scale = search.region.side / search.size
    x = search.region.x - search.region.side / 2 + (best.column - BASE / 2) * STRIDE * scale
    y = search.region.y - search.region.side / 2 + (best.row - BASE / 2) * STRIDE * scale
    return paste(chances, (x, y), scale, OUTLINE, view)


def _rest(sides: Sides, motion: Sides, margin: float, view: View) -> float:
    """Return in how many frames a box within a margin of the picture's edge has moved out of it; infinity if never."""
    left, top, right, bottom = sides
    ways = (
        (left <= margin, right, -motion[2]),
        (top <= margin, bottom, -motion[3]),
        (right >= view.width - margin, view.width - left, motion[0]),
        (bottom >= view.height - margin, view.height - top, motion[1]),
    )
    frames = [float(way / speed) for near, way, speed in ways if near and speed * LEAVING >= way]
    return min(frames, default=math.inf)
