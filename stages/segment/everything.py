"""Targets: everything of a class, or that moves, whenever it enters; views in, a spot for each thing out."""

from collections.abc import Sequence
from typing import Protocol

from stages.errors import ModelError
from stages.segment.choose import AUTO, folder_of, make_segmenter, make_tracker, segmenter_of
from stages.segment.config import SegmentConfig
from stages.segment.detect.carry import Carry
from stages.segment.detect.choose import check_detector, make_detector
from stages.segment.detect.targets import Targets
from stages.segment.detect.upright import Upright
from stages.segment.outline.parts import parts
from stages.segment.prompts import MOVING
from stages.segment.spot import Spot, sure
from stages.segment.view import View
from weights.load import WeightsError


class Target(Protocol):
    """Finds all of a kind in frame after frame."""

    def step(self, view: View, window: Sequence[View] = ()) -> list[Spot]:
        """Return each of it in the next frame, as far as they are apart; `window` holds frames that follow, if any."""
        ...

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        ...

    def gap(self) -> None:
        """Know that frames are missing before the next."""
        ...


def make_targets(names: Sequence[str], config: SegmentConfig) -> list[Target]:
    """Return what finds the targets of these names; PromptError for a class that nobody knows."""
    found: list[Target] = []
    if MOVING in names:
        found.append(_Moving(apart=bool(config.effects)))
    if classes := [name for name in names if name != MOVING]:
        found.append(_Classes(classes, config))
    return found


def check_targets(names: Sequence[str], config: SegmentConfig) -> None:
    """Raise PromptError, OptionError or ModelError for targets that cannot be found."""
    if classes := [name for name in names if name != MOVING]:
        try:
            check_detector(config.detector, classes, folder_of(config))
        except WeightsError as error:
            raise ModelError(str(error)) from error


class _Moving:
    """Everything that moves."""

    def __init__(self, *, apart: bool) -> None:
        """Whether its parts are wanted one by one: only what each of them casts is looked for one by one."""
        from stages.segment.detect.moving import Moving

        self._moving, self._apart = Moving(), apart

    def step(self, view: View, window: Sequence[View] = ()) -> list[Spot]:
        """Return it, or the parts of it that stand apart, in the next frame."""
        spot = sure(self._moving.step(view, window))
        if self._apart:
            return parts(spot, view.frame.format)
        return [spot] if spot else []

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        self._moving.cut()

    def gap(self) -> None:
        """Know that frames are missing before the next."""
        self._moving.gap()


class _Classes:
    """Everything of some classes."""

    def __init__(self, names: Sequence[str], config: SegmentConfig) -> None:
        try:
            detector = make_detector(
                config.detector, names, folder_of(config), device=config.device, precision=config.precision
            )
        except WeightsError as error:
            raise ModelError(str(error)) from error
        # Crowds cannot each be followed as closely as one object: they are only carried along until they are seen anew.
        tracker = Carry() if config.tracker == SegmentConfig().tracker else make_tracker(config)
        # Where nobody asked for it, GrabCut's outline is worth less than the whole box: privacy comes first.
        boxes = config.segmenter == AUTO and segmenter_of(config) == "grabcut"
        segmenter = None if boxes else make_segmenter(config)
        self._targets = Targets(Upright(detector), segmenter, tracker, every=config.every, confirm=config.confirm)

    def step(self, view: View, window: Sequence[View] = ()) -> list[Spot]:
        """Return each of them in the next frame."""
        return self._targets.step(view, window)

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        self._targets.cut()

    def gap(self) -> None:
        """Know that frames are missing before the next: it is looked at anew."""
        self._targets.gap()
