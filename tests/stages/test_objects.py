"""Objects by prompts: trackers and segmenters here follow a script, so that what is asked of them can be seen."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from stages.errors import PromptError
from stages.segment.objects import MOST, Objects
from stages.segment.point.segmenter import Point
from stages.segment.prompts import Moment, Prompt
from stages.segment.spot import rectangle
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

PICTURE = PictureFormat(width=64, height=48, pixel_format="gray")
TICK = Fraction(1, 25)
AT = Box(x=10, y=10, width=8, height=6)


class Boxes:
    """A segmenter for which the box, or a square around the first point, is the object."""

    def __init__(self):
        self.asked = []

    def segment(self, view, hint, window=()):
        self.asked.append((view.seq, hint, [other.seq for other in window]))
        if hint.box:
            return rectangle(hint.box)
        if hint.spot and not hint.points:
            return hint.spot
        return rectangle(Box(x=hint.points[0].x - 2, y=hint.points[0].y - 2, width=5, height=5))


class Still:
    """A tracker that sees everything where it was pointed at, but for the frames it is told not to."""

    def __init__(self, blind=(), left=False):
        self.blind, self.left, self.spots, self.cuts, self.pointed = blind, left, {}, 0, []

    def point(self, view, name, spot):
        self.spots[name] = spot
        self.pointed.append((view.seq, name, spot))

    def step(self, view):
        seen = view.seq not in self.blind
        left = self.left and not seen
        return {
            name: Sighting(spot=spot if seen else None, confidence=1, left=left) for name, spot in self.spots.items()
        }

    def cut(self):
        self.cuts += 1

    def forget(self, name):
        del self.spots[name]


def view(seq):
    plane = np.zeros((48, 64), np.uint8)
    return View(Frame(seq=seq, pts=seq, duration=1, key=True, format=PICTURE, planes=(plane,)))


def boxed(box=AT, **more):
    return Prompt(words=f"box {box.x},{box.y}", box=box, **more)


def follow(prompts, frames, segmenter=None, tracker=None, policy="hold"):
    objects = Objects(prompts, segmenter or Boxes(), tracker or Still(), policy, TICK)
    return [objects.step(view(seq), lambda: [view(99)]).spot for seq in range(frames)]


def test_an_object_is_hidden_from_the_frame_on_that_it_was_pointed_at_in():
    spots = follow([boxed(moment=Moment(frame=2))], 4)
    assert [spot and spot.box for spot in spots] == [None, None, AT, AT]


def test_it_is_said_that_the_frames_before_it_was_pointed_at_show_an_object(caplog):
    follow([boxed(), boxed(Box(x=40, y=30, width=4, height=4), moment=Moment(frame=2))], 4)
    assert caplog.messages == ["frame 2: box 40,30 is removed from here on; the frames before are as they were"]


def test_several_objects_are_hidden_together():
    other = Box(x=40, y=30, width=4, height=4)
    [spot] = follow([boxed(), boxed(other)], 1)
    assert spot.box == Box(x=10, y=10, width=34, height=24)
    assert np.count_nonzero(spot.values) == 48 + 16


@pytest.mark.parametrize("seq", [0, 2])
def test_two_boxes_of_one_frame_are_two_objects_however_much_they_overlap(seq):
    near = Box(x=AT.x + 2, y=AT.y, width=AT.width, height=AT.height)
    prompts = [boxed(moment=Moment(frame=seq)), boxed(near, moment=Moment(frame=seq))]
    spots = follow(prompts if seq == 0 else [boxed(), *prompts], 4)
    assert spots[3].box == Box(x=AT.x, y=AT.y, width=AT.width + 2, height=AT.height)


def test_a_mask_corrects_the_object_that_it_lies_on(tmp_path):
    drawn = np.zeros((48, 64), np.uint8)
    drawn[10:16, 11:17] = 255
    assert cv2.imwrite(str(tmp_path / "later.png"), drawn)
    again = Prompt(words="mask", picture=str(tmp_path / "later.png"), moment=Moment(frame=2))
    assert follow([boxed(), again], 4)[3].box == Box(x=11, y=10, width=6, height=6)


def test_the_frames_after_a_prompt_are_shown_to_the_segmenter():
    segmenter = Boxes()
    follow([boxed(moment=Moment(seconds=0.04))], 3, segmenter)
    assert [(seq, window) for seq, _, window in segmenter.asked] == [(1, [99])]


def test_pointing_again_corrects_the_object_and_begins_no_other():
    tracker = Still()
    again = Prompt(words="point 12,12", point=Point(x=12, y=12), moment=Moment(frame=3))
    spots = follow([boxed(), again], 5, tracker=tracker)
    assert [name for _, name, _ in tracker.pointed] == [0, 0]
    assert spots[4].box == Box(x=10, y=10, width=5, height=5)


def test_a_correction_by_points_shows_the_segmenter_what_was_thought_before():
    segmenter = Boxes()
    beside = Prompt(words="point 30,30", point=Point(x=30, y=30), background=True, moment=Moment(frame=1))
    follow([boxed(), beside], 2, segmenter)
    hint = segmenter.asked[1][1]
    assert (hint.spot.box, hint.background, hint.points) == (AT, (Point(x=30, y=30),), ())


def test_an_object_that_is_lost_is_pointed_at_again_wherever_it_is():
    tracker = Still(blind={1, 2})
    spots = follow([boxed(), boxed(Box(x=50, y=2, width=6, height=6), moment=Moment(frame=2))], 4, tracker=tracker)
    assert [name for _, name, _ in tracker.pointed] == [0, 0]
    assert spots[3].box == Box(x=50, y=2, width=6, height=6)


def test_an_object_that_stands_at_the_edge_and_is_lost_is_pointed_at_again():
    tracker, edge = Still(blind={2, 3}, left=True), Box(x=0, y=10, width=8, height=6)
    again = boxed(Box(x=50, y=2, width=6, height=6), moment=Moment(frame=3))
    spots = follow([boxed(edge), again], 5, tracker=tracker)
    assert [spot.box.x for spot in spots] == [0, 0, 0, 50, 50]


def test_a_mask_is_taken_as_it_was_drawn(tmp_path):
    drawn = np.zeros((48, 64), np.uint8)
    drawn[5:9, 20:30] = 255
    assert cv2.imwrite(str(tmp_path / "first.png"), drawn)
    segmenter = Boxes()
    [spot] = follow([Prompt(words="mask", picture=str(tmp_path / "first.png"))], 1, segmenter)
    assert (spot.box, segmenter.asked) == (Box(x=20, y=5, width=10, height=4), [])


@pytest.mark.parametrize("grey", [0, 127])
def test_a_dark_mask_is_refused(grey, tmp_path):
    assert cv2.imwrite(str(tmp_path / "first.png"), np.full((48, 64), grey, np.uint8))
    with pytest.raises(PromptError, match="mask first is dark all over"):
        follow([Prompt(words="mask first", picture=str(tmp_path / "first.png"))], 1)


def test_a_prompt_whose_time_never_came_is_complained_of_at_the_end():
    objects = Objects([boxed(moment=Moment(frame=7))], Boxes(), Still(), "hold", TICK)
    for seq in range(3):
        objects.step(view(seq), list)
    with pytest.raises(PromptError, match=r"box 10,10 is meant for frame 7, but the video ended after 0\.12 s"):
        objects.finish(view(2).frame)


def test_there_is_a_most_of_objects():
    many = [boxed(name=f"n{i}") for i in range(MOST + 1)]
    with pytest.raises(PromptError, match=f"is one object more than {MOST}"):
        follow(many, 1)


def test_a_cut_is_told_to_the_tracker_and_ends_what_was_held():
    tracker = Still(blind={1, 2, 3})
    objects = Objects([boxed()], Boxes(), tracker, "hold", TICK)
    assert objects.step(view(0), list).spot
    assert objects.step(view(1), list).spot
    objects.cut()
    assert objects.step(view(2), list).spot is None
    assert tracker.cuts == 1
