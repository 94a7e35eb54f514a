"""Pictures in order in, every one without its hole out: what VINet keeps from frame to frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from stages.nets.vinet.coder import Features
from stages.nets.vinet.net import REFERENCES, VINet

SPAN: Final = max(REFERENCES)  # frames to either side
HELD: Final = 2 * SPAN + 1  # frames whose features are held at most
FAINT: Final = 0.5  # of a hole that was filled: how the weights for the double size were shown their last answer


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """One picture."""

    time: int  # its place in the clip: by it features are found again
    colours: Tensor  # (1, 3, H, W) blue, green, red in [-1, 1]; what is under the hole is not looked at
    hole: Tensor  # (1, 1, H, W), 1 in the hole and 0 elsewhere


class Stream:
    """Fills one picture after the other; all are of one size, a multiple of STRIDE."""

    def __init__(self, net: VINet, last: Shown | None = None) -> None:
        """Begin, or go on from `last`: a picture that comes before, with or without the hole that it had."""
        self._net = net
        self._like = net.decoder.dc6.weight  # where tensors are to be, and of what precision
        self._held: dict[int, Features] = {}
        self.last = last  # the latest answer, in 32 bits, with the hole that it filled

    @torch.inference_mode()
    def fill(self, target: Shown, references: Sequence[int], show: Callable[[int], Shown]) -> Tensor:
        """Return the picture with its hole filled and all else drawn anew, (1, 3, H, W), about [-1, 1].

        `references` are the times of those at REFERENCES, or of what stands for them at the ends of a clip. Each is
        asked for once, as long as it stays within SPAN of what is filled.
        """
        net, last = self._net, self.last
        around = [self._features(time, show) for time in references]
        own = self._input(_hidden(target), target.hole)
        if last is None:
            before = net.look_around(own)
        else:
            before = net.look_around(self._input(last.colours, last.hole * (FAINT if net.is_double else 0)))
        made: Tensor = net(net.look(own), around, before, None if last is None else last.colours)
        self._held = {time: held for time, held in self._held.items() if abs(time - target.time) <= SPAN}
        self.last = Shown(time=target.time, colours=made, hole=target.hole)
        return made

    def _features(self, time: int, show: Callable[[int], Shown]) -> Features:
        if time not in self._held:
            shown = show(time)
            self._held[time] = self._net.look_around(self._input(_hidden(shown), shown.hole)).features
        return self._held[time]

    def _input(self, colours: Tensor, hole: Tensor) -> Tensor:
        stacked = torch.cat((colours, torch.ones_like(hole), hole), dim=1)  # (1, 5, H, W)
        return stacked.to(self._like).contiguous(memory_format=torch.channels_last)


def _hidden(shown: Shown) -> Tensor:
    return shown.colours * (1 - shown.hole)
