"""Objects that are pointed at in, a score for each of them in every frame after that out; their memory lies between.

Objects go by names of the caller's choice; an object's identity is one that is free, and is free again once the object
is forgotten. What is done with a frame is what `evaluator.py` and `aot_engine.py` of yoxu515/aot-benchmark do; that
memory is bounded, that objects may be forgotten and shots may change is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from stages.nets.aot.lstt import Layers
from stages.nets.aot.memory import Memory, Remembered
from stages.nets.aot.net import AOT, OBJECTS, one_hot

TINY = 1e-5  # probabilities nearer to 0 and 1 are not told apart


class Group:
    """Up to OBJECTS objects, for which the network runs once; `features` are what its `encode` makes of a picture."""

    def __init__(self, net: AOT, gap: int, found: int) -> None:
        """Take how many frames lie between two that are remembered for long, and how many of these are held."""
        self._net, self._gap = net, gap
        self._memory = Memory(found)
        self._before: Remembered | None = None  # the last frame; None after a cut
        self._current: Layers = ()  # its keys and values without identity
        self._identities: dict[int, int] = {}

    @property
    def names(self) -> Mapping[int, int]:
        """The objects' names, in the order in which they were given, and their identities, 1 to OBJECTS."""
        return self._identities

    def point(self, features: Sequence[Tensor], name: int, mask: Tensor, time: int) -> None:
        """Know that an object, new or not, is where a (1, H, W) mask is true in the frame of that time."""
        if name not in self._identities:
            self._identities[name] = self._free()
        identity = self._identities[name]
        known = self._before if self._before and self._before.time == time else None
        labels = known.labels if known else torch.zeros_like(mask, dtype=torch.uint8)
        labels = labels.masked_fill(labels == identity, 0).masked_fill(mask, identity)
        _, layers = self._net.refer(features, self._told(labels))
        self._before = Remembered(time=time, labels=labels, layers=layers, pointed=frozenset((identity,)))
        self._memory.point(self._before)

    def propagate(self, features: Sequence[Tensor]) -> Tensor:
        """Return the scores of the background and of every object in the next frame: (1, 1 + objects, H/4, W/4)."""
        short = self._before.layers if self._before else None
        embeddings, self._current = self._net.propagate(features, self._memory.layers, short)
        scores = self._net.decode(embeddings, features).float()
        return scores[:, [0, *self._identities.values()]]

    def settle(self, found: Tensor, first: int, time: int) -> None:
        """Remember that frame, of which (1, H, W) `found` says which object is where; ours count from `first`."""
        labels = torch.zeros_like(found, dtype=torch.uint8)
        for number, identity in enumerate(self._identities.values(), start=first):
            labels.masked_fill_(found == number, identity)
        layers = self._net.remember(self._current, self._told(labels))
        self._before = Remembered(time=time, labels=labels, layers=layers)
        if time - self._memory.latest >= self._gap and labels.any():  # a frame without objects would push out others
            self._memory.find(self._before)

    def cut(self) -> None:
        """Know that in the next frame nothing is near to where it was."""
        self._before = None

    def forget(self, name: int) -> None:
        """Follow an object no more; where it was, nothing was."""
        identity = self._identities.pop(name)
        self._memory.forget(identity, lambda frame: self._without(frame, identity))
        self._before = self._before and self._without(self._before, identity)

    def _without(self, frame: Remembered, identity: int) -> Remembered:
        labels = frame.labels.masked_fill(frame.labels == identity, 0)
        layers = self._net.retell(frame.layers, self._told(frame.labels), self._told(labels))
        return replace(frame, labels=labels, layers=layers)

    def _told(self, labels: Tensor) -> Tensor:
        """Return the identity embedding of (1, H, W) labels."""
        return self._net.identity(one_hot(labels).to(self._net.patch_wise_id_bank.weight))

    def _free(self) -> int:
        taken = self._identities.values()
        return next(identity for identity in range(1, 1 + OBJECTS) if identity not in taken)


def merge(groups: Sequence[Tensor]) -> Tensor:
    """Return one score for the background and one for every object of groups that each have a background.

    (1, 1 + n, h, w), (1, 1 + m, h, w), ... -> (1, 1 + n + m + ..., h, w); soft_logit_aggregation of the original.
    """
    if len(groups) == 1:
        return groups[0]
    chances = [torch.softmax(scores, dim=1) for scores in groups]
    background = torch.stack([each[:, :1] for each in chances]).prod(dim=0)
    return torch.logit(torch.cat([background, *(each[:, 1:] for each in chances)], dim=1), eps=TINY)
