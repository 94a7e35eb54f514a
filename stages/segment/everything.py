"""Targets: everything of a class, or that moves, whenever it enters; views in, spots out."""

from collections.abc import Sequence
from typing import Protocol

from stages.segment.config import SegmentConfig
from stages.segment.spot import Spot
from stages.segment.view import View


class Target(Protocol):
    """Finds all of a kind in frame after frame."""

    def step(self, view: View) -> Spot | None:
        """Return all of it in the next frame as one spot."""
        ...

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        ...


def make_targets(names: Sequence[str], config: SegmentConfig) -> list[Target]:
    """Return what finds the targets of these names; PromptError for a class that nobody knows."""
    return []
