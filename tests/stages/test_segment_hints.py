import numpy as np
import pytest

from stages.errors import PromptError
from stages.segment.hints import Known, hint_of, meant, together
from stages.segment.point.segmenter import Point
from stages.segment.prompts import Prompt
from stages.segment.spot import Spot, rectangle
from transport.messages import Box


def box(x, y, width, height, name=""):
    return Prompt(words="box", name=name, box=Box(x=x, y=y, width=width, height=height))


def point(x, y, name="", background=False):
    return Prompt(words=f"point {x},{y}", name=name, point=Point(x=x, y=y), background=background)


def picture(name=""):
    return Prompt(words="mask", name=name, picture="first.png")


def known(*boxes, lost=False, **more):
    spots = [rectangle(Box(x=x, y=y, width=w, height=h)) for x, y, w, h in boxes]
    return {i: Known(**{"name": ""} | more, spot=None if lost else spot, lost=lost) for i, spot in enumerate(spots)}


def test_every_box_and_every_mask_is_an_object_and_loose_points_are_one():
    prompts = [box(0, 0, 9, 9), point(50, 50), picture(), box(20, 0, 9, 9), point(60, 50)]
    assert together(prompts) == [[prompts[0]], [prompts[2]], [prompts[3]], [prompts[1], prompts[4]]]


def test_points_in_a_box_belong_to_it_and_so_do_background_points_near_it():
    prompts = [box(10, 10, 20, 20), point(15, 15), point(5, 15, background=True), point(40, 15)]
    assert together(prompts) == [prompts[:3], prompts[3:]]


def test_one_name_is_one_object():
    prompts = [box(0, 0, 9, 9, "dog"), point(50, 50, "dog"), point(51, 50)]
    assert together(prompts) == [prompts[:2], prompts[2:]]


def test_a_point_on_an_object_that_is_followed_corrects_it():
    assert meant([point(25, 5)], known((0, 0, 10, 10), (20, 0, 10, 10))) == 1
    assert meant([point(15, 5)], known((0, 0, 10, 10), (20, 0, 10, 10))) is None


def test_a_box_around_an_object_that_is_followed_corrects_it():
    assert meant([box(1, 1, 10, 10)], known((0, 0, 10, 10))) == 0
    assert meant([box(8, 8, 10, 10)], known((0, 0, 10, 10))) is None


def test_a_mask_of_an_object_that_is_followed_corrects_it():
    drawn = rectangle(Box(x=1, y=1, width=10, height=10))
    assert meant([picture()], known((0, 0, 10, 10)), [drawn]) == 0
    assert meant([picture()], known((9, 9, 10, 10)), [drawn]) is None


def test_what_is_pointed_at_in_one_frame_are_several_objects_however_near():
    beside = known((0, 0, 10, 10), said=True)
    drawn = rectangle(Box(x=0, y=0, width=10, height=10))
    assert meant([box(0, 0, 10, 10)], beside) is None
    assert meant([point(5, 5)], beside) is None
    assert meant([picture()], beside, [drawn]) is None
    assert meant([point(14, 5, background=True)], beside) == 0


def test_whatever_is_pointed_at_while_one_object_is_lost_is_that_object():
    assert meant([box(80, 80, 5, 5)], known((0, 0, 10, 10), lost=True)) == 0
    assert meant([picture()], known((0, 0, 10, 10), lost=True)) == 0
    assert meant([box(80, 80, 5, 5)], known((0, 0, 9, 9), (20, 0, 9, 9), lost=True)) is None


def test_a_name_decides_whatever_lies_there():
    followed = known((0, 0, 10, 10), name="dog")
    assert meant([point(90, 90, "dog")], followed) == 0
    assert meant([point(5, 5, "cat")], followed) is None
    assert meant([point(5, 5)], followed) is None  # a nameless prompt is of no named object


def test_a_background_point_alone_corrects_the_nearest_object():
    assert meant([point(14, 5, background=True)], known((0, 0, 10, 10), (20, 0, 10, 10))) == 0
    assert meant([point(17, 5, background=True)], known((0, 0, 10, 10), (20, 0, 10, 10))) == 1


def test_a_background_point_alone_at_the_begin_says_nothing():
    with pytest.raises(PromptError, match="point 3,4 is of the background alone; a point or box on the object"):
        meant([point(3, 4, background=True)], {})


def test_a_hint_holds_all_that_was_said():
    older = rectangle(Box(x=0, y=0, width=4, height=4))
    hint = hint_of([point(1, 2), point(3, 4, background=True)], [], older)
    assert (hint.points, hint.background, hint.spot, hint.box) == ((Point(x=1, y=2),), (Point(x=3, y=4),), older, None)


def test_a_box_or_a_mask_replaces_what_was_thought_before():
    older = rectangle(Box(x=0, y=0, width=4, height=4))
    drawn = Spot(box=Box(x=1, y=1, width=2, height=2), values=np.full((2, 2), 255, np.uint8))
    assert hint_of([box(5, 5, 9, 9)], [], older).spot is None
    assert hint_of([picture()], [drawn], older).spot is drawn
