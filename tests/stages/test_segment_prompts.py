from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from stages.errors import PromptError
from stages.segment.point.segmenter import Point
from stages.segment.prompts import Moment, Prompt, Prompts, check, fit, too_late
from tests.clips import Clip
from tests.stages.encoded import info_of
from transport.messages import Box, Frame, PictureFormat

PICTURE = PictureFormat(width=640, height=360, pixel_format="yuv420p")


def boxed(x, y, width, height, **more):
    box = Box(x=x, y=y, width=width, height=height)
    return Prompt(words=f"box {x},{y},{width},{height}", box=box, **more)


@pytest.mark.parametrize("kind", ["keep", "regions"])
def test_what_fits_the_picture_stays_as_it_is(kind, caplog):
    prompts = Prompts(**{kind: (Box(x=0, y=0, width=640, height=360), Box(x=639, y=359, width=1, height=1))})
    assert fit(prompts, PICTURE) == prompts
    assert not caplog.messages


def test_a_part_outside_is_cut_off_with_a_warning(caplog):
    [fitting] = fit(Prompts(objects=(boxed(600, 300, 100, 100),), mask="masks"), PICTURE).objects
    assert fitting.box == Box(x=600, y=300, width=40, height=60)
    assert caplog.messages == [
        "box 600,300,100,100 reaches outside the picture, which is 640x360: that part is ignored"
    ]


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        (Box(x=640, y=0, width=9, height=9), "region 640,0,9,9 lies outside the picture, which is 640x360"),
        (Box(x=0, y=400, width=9, height=9), "region 0,400,9,9 lies outside the picture, which is 640x360"),
        (Box(x=0, y=0, width=641, height=9), "region 0,0,641,9 is larger than the picture, which is 640x360"),
        (Box(x=0, y=0, width=9, height=361), "region 0,0,9,361 is larger than the picture, which is 640x360"),
        (Box(x=0, y=0, width=0, height=9), "region 0,0,0,9 is empty"),
    ],
)
def test_a_region_elsewhere_is_refused_with_the_size_of_the_picture(box, sentence):
    with pytest.raises(PromptError, match=sentence):
        fit(Prompts(regions=(box,)), PICTURE)


def frame(seq, pts, duration=40):
    plane = np.zeros((360, 640), np.uint8)
    chroma = plane[::2, ::2].copy()
    return Frame(seq=seq, pts=pts, duration=duration, key=True, format=PICTURE, planes=(plane, chroma, chroma))


def test_a_moment_is_the_frame_that_a_player_shows_then():
    frames = [frame(seq, 1000 + 40 * seq) for seq in range(5)]  # ms; a stream need not begin at 0

    def first_at(moment):
        return next(f.seq for f in frames if moment.has_come(f, frames[0], Fraction(1, 1000)))

    assert [first_at(Moment(seconds=s)) for s in (0, 0.039, 0.04, 0.1, 0.16)] == [0, 0, 1, 2, 4]
    assert first_at(Moment(frame=3)) == 3


def test_a_frame_without_a_duration_is_shown_for_a_tick():
    still = frame(0, 0, duration=0)
    assert Moment().has_come(still, still, Fraction(1, 25))
    assert not Moment(seconds=0.04).has_come(still, still, Fraction(1, 25))


def stream(frames=100, rate=25, **more):
    clip = Clip(frames=frames, width=640, height=360, fps=rate)
    return info_of(clip, format=PICTURE, **more)


def test_a_moment_surely_after_the_end_is_refused_before_anything_is_done():
    for late in (Moment(seconds=9), Moment(frame=300)):
        with pytest.raises(PromptError, match=r"box 1,2,3,4 is meant for .*the video ends after 4\.0 s, 100 frames"):
            check(Prompts(objects=(boxed(1, 2, 3, 4, moment=late),)), stream(time_base=(1, 12800)))


def test_the_stated_length_is_a_guess_and_a_little_more_is_let_pass():
    for near in (Moment(seconds=4.5), Moment(frame=101)):
        prompts = Prompts(objects=(boxed(1, 2, 3, 4, moment=near),))
        assert check(prompts, stream()) == prompts
    late = Prompts(objects=(boxed(1, 2, 3, 4, moment=Moment(seconds=1e6)),))
    assert check(late, stream(frames=0)) == late


def test_it_is_said_that_places_are_those_of_the_stored_picture_where_players_turn_it(caplog):
    turned = replace(stream(), format=replace(PICTURE, rotation=90))
    check(Prompts(targets=("person",)), turned)
    assert not caplog.messages
    check(Prompts(keep=(Box(x=0, y=0, width=9, height=9),)), turned)
    assert caplog.messages == ["players turn this video by 90 degrees; x and y count in it as stored, 640x360"]


def test_a_moment_that_never_came_is_said_with_where_the_video_ended():
    prompt = boxed(1, 2, 3, 4, moment=Moment(seconds=7))
    error = too_late(prompt, frame(99, 3960), frame(0, 0), Fraction(1, 1000))
    assert str(error) == (
        "box 1,2,3,4 is meant for 7 s, but the video ended after 4.00 s with frame 99; "
        "what it points at was not removed"
    )


def test_a_point_outside_the_picture_is_refused():
    edge = Prompt(words="point 639,359", point=Point(x=639, y=359))
    assert fit(Prompts(objects=(edge,)), PICTURE).objects == (edge,)
    for x, y in ((640, 0), (0, 360)):
        with pytest.raises(PromptError, match=rf"point {x},{y} lies outside the picture, which is 640x360"):
            fit(Prompts(objects=(Prompt(words=f"point {x},{y}", point=Point(x=x, y=y)),)), PICTURE)


def test_nothing_pointed_at_is_known_as_such():
    assert Prompts(keep=(Box(x=0, y=0, width=1, height=1),)).empty
    assert not Prompts(targets=("person",)).empty
