"""The objects that were pointed at one by one: prompts and views in, what to hide of them in every frame out."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from stages.errors import PromptError
from stages.segment.hints import Known, hint_of, meant, together
from stages.segment.lost import Camera, Cover, Guard, Policy
from stages.segment.masks import read_spot
from stages.segment.point.segmenter import Segmenter
from stages.segment.prompts import Prompt, too_late
from stages.segment.spot import Spot, unite
from stages.segment.track.tracker import Sighting, Tracker
from stages.segment.view import View
from transport.messages import Frame

log = logging.getLogger(__name__)

MOST = 64  # objects pointed at one by one: each costs its time in every frame


@dataclass(slots=True, kw_only=True, eq=False)
class _Object:
    """One of them, as far as it is known here."""

    name: str  # as the user gave it, perhaps none
    guard: Guard
    sighting: Sighting
    said: int = -1  # the last frame in which it was pointed at


class Objects:
    """Follows all objects of a stream that were, or will be, pointed at."""

    def __init__(
        self, prompts: Sequence[Prompt], segmenter: Segmenter, tracker: Tracker, policy: Policy, tick: Fraction
    ) -> None:
        """Take prompts that fit the picture, and the seconds in a tick of the frames' clock."""
        self._to_come = list(prompts)
        self._segmenter, self._tracker, self._policy, self._tick = segmenter, tracker, policy, tick
        self._objects: dict[int, _Object] = {}
        self._camera = Camera()
        self._first: Frame | None = None
        self.spots: list[Spot] = []  # what was to be hidden of each in the last frame
        self.pointed = False  # in the last frame something was pointed at, perhaps not for the first time

    def step(self, view: View, upcoming: Callable[[], Sequence[View]]) -> Cover:
        """Return what to hide in the next frame; `upcoming` gives the frames after it, as far as a prompt needs them.

        PromptError for a prompt that makes no sense there, LostError where the policy is to stop.
        """
        self._first = self._first or view.frame
        shift = self._camera.step(view)
        for number, sighting in self._tracker.step(view).items() if self._objects else ():
            self._objects[number].sighting = sighting
        due = [prompt for prompt in self._to_come if prompt.moment.has_come(view.frame, self._first, self._tick)]
        self.pointed = bool(due)
        if due:
            self._to_come = [prompt for prompt in self._to_come if prompt not in due]
            window = upcoming()
            for group in together(due):
                self._take_in(group, view, window)
        covers = [found.guard.step(view, found.sighting, shift) for found in self._objects.values()]
        self.spots = [cover.spot for cover in covers if cover.spot]
        return Cover(
            spot=unite(self.spots),
            blurred=unite(cover.blurred for cover in covers),
        )

    def cut(self) -> None:
        """Know that the next frame begins a new shot."""
        self._tracker.cut()
        for found in self._objects.values():
            found.guard.cut()

    def gap(self) -> None:
        """Know that frames are missing before the next: what was followed is looked for, and hidden where it was."""
        self._tracker.cut()

    def finish(self, last: Frame) -> None:
        """Raise PromptError if a prompt's moment never came."""
        if self._to_come and self._first:
            raise too_late(self._to_come[0], last, self._first, self._tick)

    def _take_in(self, group: Sequence[Prompt], view: View, window: Sequence[View]) -> None:
        pictures = [_spot(prompt, view) for prompt in group if prompt.picture]
        number = meant(group, {number: _known(found, view) for number, found in self._objects.items()}, pictures)
        older = self._objects[number].sighting.spot if number is not None else None
        if number is None and all(prompt.background for prompt in group):
            raise PromptError(f"{group[0].words} is of the background alone; {group[0].name} has no point on it yet")
        plain = pictures and len(group) == 1  # a mask alone is what the user drew, and stays so
        spot = pictures[0] if plain else self._segmenter.segment(view, hint_of(group, pictures, older), window)
        if number is None:
            number = self._begin(group[0], view)
        found = self._objects[number]
        found.sighting, found.said = Sighting(spot=spot, confidence=1.0), view.seq
        self._tracker.point(view, number, spot)

    def _begin(self, prompt: Prompt, view: View) -> int:
        if len(self._objects) == MOST:
            raise PromptError(f"{prompt.words} is one object more than {MOST}, which is the most that can be followed")
        if view.frame is not self._first:
            log.warning(
                "frame %d: %s is removed from here on; the frames before are as they were", view.seq, prompt.words
            )
        number = len(self._objects)
        guard = Guard(prompt.name or prompt.words, self._policy)
        self._objects[number] = _Object(name=prompt.name, guard=guard, sighting=Sighting(spot=None, confidence=0.0))
        return number


def _known(found: _Object, view: View) -> Known:
    spot = found.sighting.spot
    return Known(name=found.name, spot=spot, lost=spot is None and not found.guard.out, said=found.said == view.seq)


def _spot(prompt: Prompt, view: View) -> Spot:
    assert prompt.picture is not None
    return read_spot(prompt.picture, prompt.words, view.frame.format)
