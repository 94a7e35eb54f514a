"""The engine: frames are encoded once, held while they serve, and completed several in a pass."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stages.errors import ModelError
from stages.inpaint.engine import Picture
from stages.inpaint.region import Colours, Region, look, put_back
from stages.inpaint.sttn.region import region_for
from stages.inpaint.sttn.stretch import BEHIND, REFERENCES, SPACING, stretch_for
from stages.nets.sttn import STTN
from stages.pixels import Pixels, layout
from transport.messages import Box


class Sttn:
    """Fills the holes of one shot.

    The stream is cut into stretches, and one pass makes all of a stretch that has holes, out of the window of its first
    and of every SPACING-th frame before, `references` of them at most. What is made depends on nothing else, so that
    chunks have no seams; and a stretch that no chunk emits is not made.
    """

    def __init__(self, net: STTN, *, look_ahead: int, working: int = 0, references: int = REFERENCES) -> None:
        self._net = net
        self._like = next(net.parameters())  # where tensors are to be, and of what type
        self._stretch = stretch_for(look_ahead)
        self._working = working
        self._references = references
        self._held: dict[int, _Seen] = {}  # by seq: the window, and the references before it
        self._made: dict[int, _Made] = {}  # by seq: what the latest pass has made and nobody has asked for

    def fill(self, window: Sequence[Picture]) -> Pixels:
        """Return the pixels of the mask's box of the frame at offset 0; only zeros if its stretch is not emitted."""
        now = window[BEHIND]
        self._hold({picture.seq: picture for picture in window})
        if now.seq not in self._made:
            wanted = self._wanted(now.seq)
            if not any(self._held[seq].picture.emit for seq in wanted):
                return np.zeros((*now.mask.alpha.shape, len(layout(now.format.pixel_format).components)), np.float32)
            with torch.inference_mode():
                self._made = self._make(wanted)
        made = self._made.pop(now.seq)
        return put_back(made.colours, made.region, now.mask.box, now.format)

    def _hold(self, window: dict[int, Picture]) -> None:
        """Let go of what will not serve any more, and take up what is new."""
        first = min(window)
        oldest = first - self._references * SPACING
        past = [seq for seq in self._held if oldest <= seq < first and seq % SPACING == 0]
        self._held = {seq: self._held.get(seq) or _Seen(picture=window[seq]) for seq in (*past, *sorted(window))}

    def _wanted(self, now: int) -> list[int]:
        """Return which frames are to be made with this one: those with holes up to the end of its stretch."""
        end = (now // self._stretch + 1) * self._stretch
        return [seq for seq, seen in self._held.items() if now <= seq < end and not seen.picture.mask.empty]

    def _make(self, wanted: Sequence[int]) -> "dict[int, _Made]":
        """Return several frames complete, by seq."""
        pictures = [self._held[seq].picture for seq in wanted]
        region = region_for(enclosing([picture.mask.box for picture in pictures]), pictures[0].format, self._working)
        order = [*wanted, *(seq for seq in self._held if seq not in wanted)]
        features = torch.cat([self._features(self._held[seq], region) for seq in order])  # (T, C, h, w)
        made = self._net.complete(features, len(wanted)).float().permute(0, 2, 3, 1)  # (wanted, H, W, 3)
        if not made.isfinite().all():
            raise ModelError(f"STTN makes no picture of frame {wanted[0]} but infinities: its weights are no good")
        return {
            seq: _Made(region=region, colours=colours) for seq, colours in zip(wanted, made.cpu().numpy(), strict=True)
        }

    def _features(self, seen: "_Seen", region: Region) -> Tensor:
        if seen.features is None or seen.region != region:
            shown = torch.from_numpy(look(seen.picture, region)[0]).permute(2, 0, 1)[None]  # (1, 3, H, W)
            seen.features = self._net.encode(shown.to(self._like, memory_format=torch.channels_last))
            seen.region = region
        return seen.features


@dataclass(slots=True, kw_only=True, eq=False)
class _Seen:
    """A frame, and what the network sees in a region of it; shown another region, it looks again."""

    picture: Picture
    region: Region | None = None
    features: Tensor | None = None  # (1, C, h, w)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Made:
    """What the network has made of a region of a frame."""

    region: Region
    colours: Colours


def enclosing(boxes: Sequence[Box]) -> Box:
    """Return the smallest box that holds all of several."""
    x, y = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.width for box in boxes), max(box.y + box.height for box in boxes)
    return Box(x=x, y=y, width=right - x, height=bottom - y)
