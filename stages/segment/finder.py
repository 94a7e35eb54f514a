"""Everything that is remembered from frame to frame: frames in, each with what is to be removed from it out."""

import copy
import logging
from collections.abc import Callable, Sequence
from fractions import Fraction

from stages.segment.choose import make_segmenter, make_tracker
from stages.segment.config import SegmentConfig
from stages.segment.cuts import CutDetector
from stages.segment.everything import make_targets
from stages.segment.lost import Cover, check_policy
from stages.segment.mask import Shaper
from stages.segment.masks import GivenMasks, read_spot
from stages.segment.objects import Objects
from stages.segment.prompts import Prompts, fit
from stages.segment.spot import Spot, crop, rectangle, unite
from stages.segment.view import View
from transport.messages import Frame, MaskedFrame, PictureFormat

log = logging.getLogger(__name__)

GAP_S = 1.0  # seconds between two frames of a live source, after which it was away


class Finder:
    """Finds what the prompts mean in frame after frame of one stream."""

    def __init__(self, picture: PictureFormat, prompts: Prompts, config: SegmentConfig, tick: Fraction) -> None:
        """Take the stream's pictures and the seconds in a tick of its clock; PromptError if a prompt does not fit."""
        fitting = fit(prompts, picture)
        pictures = [read_spot(path, f"region {path}", picture) for path in prompts.region_masks]
        self._fixed = unite([*(rectangle(box) for box in fitting.regions), *pictures])
        self._objects = _objects(fitting, config, tick) if prompts.objects else None
        self._targets = make_targets(prompts.targets, config)
        self._given = GivenMasks(prompts.mask) if prompts.mask is not None else None
        self._given_path = prompts.mask
        self._cuts = CutDetector(config.cut)
        self._shaper = Shaper(picture, config, fitting.keep)
        self._shot = 0
        self._fresh = True  # the shot has not had a frame yet
        self._last: Frame | None = None

    def step(self, frame: Frame, upcoming: Callable[[], Sequence[Frame]]) -> MaskedFrame:
        """Return the frame with its mask; `upcoming` gives the frames that follow, for those that ask."""
        view = View(frame)
        if self._cuts.step(view.luma):
            self._cut()
        elif self._last and frame.captured - self._last.captured > GAP_S:
            self._gap()
        self._last = frame
        cover = self._objects.step(view, lambda: self._same_shot(upcoming())) if self._objects else Cover()
        found = list(self._objects.spots) if self._objects else []
        if self._objects and self._objects.pointed and not self._fresh:
            self._shot += 1  # the frames before show what is to be removed: nothing may be filled from them
        window = self._same_shot(upcoming()) if self._targets and self._fresh else []
        self._fresh = False
        for target in self._targets:
            found += target.step(view, window)
        mask, blurred = self._shaper.step(view, found, self._next_given(frame), self._fixed, cover.blurred)
        return MaskedFrame(frame=frame, mask=mask, shot=self._shot, emit=True, blurred=blurred)

    def finish(self) -> None:
        """Say what did not fit the stream now that it has ended; PromptError for a prompt whose time never came."""
        if self._given and self._last and not self._given.is_used_up():
            log.warning("masks %s go on after the last frame, %d", self._given_path, self._last.seq)
        if self._objects and self._last:
            self._objects.finish(self._last)

    def _cut(self) -> None:
        self._shot += 1
        self._fresh = True
        self._shaper.forget()
        for target in self._targets:
            target.cut()
        if self._objects:
            self._objects.cut()

    def _gap(self) -> None:
        """Know that the source was away: nothing can be followed to here, but this is still the same place."""
        self._shot += 1
        for target in self._targets:
            target.gap()
        if self._objects:
            self._objects.gap()

    def _next_given(self, frame: Frame) -> Spot | None:
        return crop(self._given.next(frame)) if self._given else None

    def _same_shot(self, frames: Sequence[Frame]) -> list[View]:
        """Return the views of frames that follow, up to the next cut."""
        cuts, views = copy.deepcopy(self._cuts), [View(frame) for frame in frames]
        ends = (index for index, view in enumerate(views) if cuts.step(view.luma))
        return views[: next(ends, len(views))]


def _objects(prompts: Prompts, config: SegmentConfig, tick: Fraction) -> Objects:
    return Objects(prompts.objects, make_segmenter(config), make_tracker(config), check_policy(config.lost), tick)
