"""AOT as a tracker: outlines in any frame in, those of all objects in the next frame out, in one pass. Needs torch.

Z. Yang, Y. Wei and Y. Yang, Associating objects with transformers for video object segmentation, NeurIPS 2021;
`stages.nets.aot` has the network and its memory, here pictures become tensors and scores become sightings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stages.errors import OptionError, PromptError
from stages.nets.aot.group import Group, merge
from stages.nets.aot.net import AOT, DEVIATION, MEAN, OBJECTS, STRIDE, VARIANTS
from stages.nets.aot.norm import fold
from stages.nets.checkpoint import load
from stages.nets.numbers import place
from stages.network import making
from stages.segment.spot import SURE, Spot, crop, slices
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from transport.messages import Box

Size = tuple[int, int]  # rows, columns

LONG_EDGE: Final = 1040  # pixels; TEST_MAX_LONG_EDGE of the original
FOUND: Final = 8  # frames remembered for long: at a gap of 5, some 30 seconds at 24 a second
GROUPS: Final = 5  # of OBJECTS each; every one costs as much as the first, but for the encoder
FAINT: Final = 0.1  # probability from which an outline may pass nearby
TRUSTED: Final = 0.5  # mean probability with which it is surely seen: more than all else together


class Aot:
    """Follows up to GROUPS * OBJECTS objects."""

    def __init__(
        self,
        checkpoint: Path | str,
        variant: str,
        *,
        device: str = "cpu",
        precision: str = "auto",
        long_edge: int = LONG_EDGE,
        gap: int | None = None,
        found: int = FOUND,
    ) -> None:
        """Take a checkpoint of one of VARIANTS; ModelError if it is not, OptionError if there is no such device.

        Pictures are shrunk to `long_edge` pixels. Every `gap` frames (None: as the variant was evaluated) one is
        remembered for long, of which at most `found` are held besides those that were pointed at.
        """
        self._net = _network(str(checkpoint), variant, device, precision)
        self._like = self._net.encoder_projector.weight  # where tensors are to be, and of what precision
        self._long_edge = long_edge
        self._gap = VARIANTS[variant].gap if gap is None else gap
        self._found = found
        self._groups: list[Group] = []
        self._known: dict[int, _Known] = {}
        self._looked: _Looked | None = None
        self._time = 0

    def point(self, view: View, name: int, spot: Spot) -> None:
        """Begin to follow an object that is `spot` in this frame, or be corrected about one."""
        if self._groups and not self._is_known(view):
            self.step(view)
        with torch.inference_mode():
            looked = self._look(view)
            mask = torch.from_numpy(_mask(view, spot, looked.size)).to(self._like.device)
            self._home(name).point(looked.features, name, mask, self._time)
        self._known[name] = _Known(age=0, at_edge=_touches(spot.box, view))

    def step(self, view: View) -> Mapping[int, Sighting]:
        """Return where every object is in the next frame."""
        self._time += 1
        if not self._groups:
            return {}
        with torch.inference_mode():
            looked = self._look(view)
            scores = merge([group.propagate(looked.features) for group in self._groups])
            full = functional.interpolate(scores, looked.size, mode="bilinear", align_corners=True)
            labels = full.argmax(dim=1)  # (1, H, W)
            names: list[int] = []
            for group in self._groups:
                group.settle(labels, 1 + len(names), self._time)
                names += group.names
            return {name: self._sight(name, scores, number, view) for number, name in enumerate(names, start=1)}

    def cut(self) -> None:
        """Know that the next frame begins a new shot: nothing is near to where it was."""
        for group in self._groups:
            group.cut()

    def forget(self, name: int) -> None:
        """Follow an object no more."""
        self._known.pop(name, None)
        with torch.inference_mode():
            for group in self._groups:
                if name in group.names:
                    group.forget(name)
        self._groups = [group for group in self._groups if group.names]

    def _sight(self, name: int, scores: Tensor, number: int, view: View) -> Sighting:
        spot, confidence = outline(scores, number, view.width, view.height)
        known = self._known[name]
        age = 0 if spot and confidence >= TRUSTED else known.age + 1
        at_edge = _touches(spot.box, view) if spot else known.at_edge
        self._known[name] = _Known(age=age, at_edge=at_edge)
        return Sighting(spot=spot, confidence=confidence, age=age, left=at_edge and not spot)

    def _is_known(self, view: View) -> bool:
        return self._looked is not None and self._looked.seq == view.seq

    def _look(self, view: View) -> "_Looked":
        """Return the features of a frame, which are made once."""
        if self._looked is None or self._looked.seq != view.seq:
            picture = _tensor(view, working_size(view.width, view.height, self._long_edge), self._like)
            features = self._net.encode(picture)
            self._looked = _Looked(seq=view.seq, size=(picture.shape[2], picture.shape[3]), features=features)
        return self._looked

    def _home(self, name: int) -> Group:
        """Return the group that knows an object, or has room for it."""
        for group in self._groups:
            if name in group.names:
                return group
        for group in self._groups:
            if len(group.names) < OBJECTS:
                return group
        if len(self._groups) == GROUPS:
            raise PromptError(f"AOT follows {GROUPS * OBJECTS} objects at most, and is asked to follow one more")
        self._groups.append(Group(self._net, self._gap, self._found))
        return self._groups[-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Looked:
    """A frame, as the network sees it."""

    seq: int
    size: Size  # of the picture that was encoded
    features: list[Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of an object."""

    age: int
    at_edge: bool  # it touched the picture's edge when it was last seen


def working_size(width: int, height: int, long_edge: float, short_edge: float = torch.inf) -> Size:
    """Return rows and columns that a picture is scaled to: never larger, one more than a multiple of STRIDE.

    MultiRestrictSize in dataloaders/video_transforms.py of the original, which does not limit the short edge either.
    """
    scale = min(1, short_edge / min(width, height))
    scale *= min(1, long_edge / (scale * max(width, height)))
    rows, columns = (max(1, round((int(scale * side) - 1) / STRIDE)) * STRIDE + 1 for side in (height, width))
    return rows, columns


def outline(scores: Tensor, number: int, width: int, height: int) -> tuple[Spot | None, float]:
    """Return where in a picture an object has the highest of the (1, 1 + objects, h, w) scores, and how sure that is.

    128 is where another is as probable. The corners of scores and picture are those of each other.
    """
    coarse = torch.softmax(scores, dim=1)[0, number]
    box = _reach((coarse >= FAINT).cpu().numpy(), width, height)
    absent = None, 1 - float(coarse.max())
    if box is None:
        return absent
    y, x = (
        2 * torch.arange(low, low + count) / max(side - 1, 1) - 1 for low, count, side in _spans(box, width, height)
    )
    places = torch.stack((x.expand(len(y), -1), y[:, None].expand(-1, len(x))), dim=2)  # (h, w, 2), -1 to 1
    fine = functional.grid_sample(scores, places[None].to(scores), padding_mode="border", align_corners=True)
    chances = torch.softmax(fine, dim=1)[0]  # (1 + objects, h, w)
    own, others = chances[number], torch.cat((chances[:number], chances[number + 1 :])).amax(dim=0)
    values = (127.5 * (1 + own - others) + 0.5).byte()
    inside = values >= SURE
    found = crop(values.cpu().numpy())
    if found is None or not inside.any():
        return absent
    placed = replace(found.box, x=found.box.x + box.x, y=found.box.y + box.y)
    return Spot(box=placed, values=found.values), float(own[inside].mean())


def _spans(box: Box, width: int, height: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    return (box.y, box.height, height), (box.x, box.width, width)


def _reach(near: NDArray[np.bool_], width: int, height: int) -> Box | None:
    """Return the box of a picture in which an outline can be, given which (h, w) scores are near one; None if none."""
    left, top, columns, rows = cv2.boundingRect(near.view(np.uint8))
    if not columns:
        return None
    (x, right), (y, bottom) = (
        (max(0, (low - 1) * (side - 1) // (cells - 1)), min(side, -(-(low + count) * (side - 1) // (cells - 1)) + 1))
        for low, count, cells, side in ((left, columns, near.shape[1], width), (top, rows, near.shape[0], height))
    )
    return Box(x=x, y=y, width=right - x, height=bottom - y)


def _touches(box: Box, view: View) -> bool:
    return not (box.x and box.y) or box.x + box.width == view.width or box.y + box.height == view.height


def _tensor(view: View, size: Size, like: Tensor) -> Tensor:
    """Return a frame as (1, 3, *size), scaled by the cubic spline that the original uses."""
    rgb = cv2.resize(view.bgr[..., ::-1].astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    normal = (rgb / 255 - np.array(MEAN, np.float32)) / np.array(DEVIATION, np.float32)
    return torch.from_numpy(normal).permute(2, 0, 1)[None].to(like, memory_format=torch.channels_last)


def _mask(view: View, spot: Spot, size: Size) -> NDArray[np.bool_]:
    """Return which of (1, *size) pixels are the object: never none, however small it is."""
    whole = np.zeros((view.height, view.width), np.uint8)
    whole[slices(spot.box)] = spot.values
    scaled = cv2.resize(whole, size[::-1], interpolation=cv2.INTER_AREA)
    return (scaled >= max(1, min(SURE, int(scaled.max()))))[None]


def _network(checkpoint: str, variant: str, device: str, precision: str) -> AOT:
    if variant not in VARIANTS:
        raise OptionError(f"there is no AOT {variant!r}; the known ones are {', '.join(VARIANTS)}")
    with making("AOT"):
        net = load(AOT(VARIANTS[variant]), [checkpoint])
        fold(net)
        place(net, device, precision)
    return net
