import cv2
import numpy as np
import pytest

from stages.errors import LostError, OptionError
from stages.segment.lost import Camera, Guard, check_policy
from stages.segment.spot import rectangle
from stages.segment.track.tracker import Sighting
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

PICTURE = PictureFormat(width=160, height=96, pixel_format="gray")
STILL = (0.0, 0.0)
SEEN = Sighting(spot=rectangle(Box(x=60, y=40, width=20, height=20)), confidence=1.0)
LOST = Sighting(spot=None, confidence=0.5, age=1)
LEFT = Sighting(spot=None, confidence=0.9, age=1, left=True)


def view(seq=0, plane=None):
    plane = np.zeros((96, 160), np.uint8) if plane is None else plane
    return View(Frame(seq=seq, pts=seq, duration=1, key=True, format=PICTURE, planes=(plane,)))


def area(spot):
    return np.count_nonzero(spot.values)


def test_what_is_seen_is_hidden_as_it_is_seen():
    assert Guard("box 1", "hold").step(view(), SEEN, STILL).spot is SEEN.spot


def test_a_lost_object_stays_hidden_where_it_was_and_wider_from_frame_to_frame(caplog):
    guard = Guard("box 1", "hold")
    guard.step(view(0), SEEN, STILL)
    held = [guard.step(view(seq), LOST, STILL).spot for seq in range(1, 60)]
    areas = [area(spot) for spot in held]
    assert all(spot.values[50 - spot.box.y, 70 - spot.box.x] for spot in held)
    assert areas[0] > 400
    assert areas[10] > areas[0]
    assert areas[-1] == areas[-2] <= 61 * 61  # its growth has a bound
    assert caplog.messages == ["frame 1: box 1 is lost; where it was last is filled"]


def test_it_is_said_when_it_is_seen_again(caplog):
    guard = Guard("dog", "hold")
    for seq, sighting in enumerate([SEEN, LOST, LOST, SEEN, SEEN]):
        guard.step(view(seq), sighting, STILL)
    assert caplog.messages[1:] == ["frame 3: dog is seen again"]


def test_what_is_held_moves_with_the_camera_even_by_parts_of_a_pixel():
    guard = Guard("box 1", "hold")
    guard.step(view(0), SEEN, STILL)
    for seq in range(1, 41):
        held = guard.step(view(seq), LOST, (-0.5, 0.25)).spot
    middle = held.box.x + held.box.width / 2, held.box.y + held.box.height / 2
    assert middle == pytest.approx((50, 60), abs=1.5)


def test_what_went_is_held_where_it_was_and_where_it_would_be():
    guard = Guard("box 1", "hold")
    for seq in range(6):
        guard.step(view(seq), seen(10 + 4 * seq, 20), STILL)
    for seq in range(6, 20):
        held = guard.step(view(seq), LOST, STILL).spot
    for x in (40, 14 + 4 * 19):  # the middle then and now
        assert held.values[50 - held.box.y, x - held.box.x]


def test_what_the_camera_went_along_with_is_held_by_its_way_in_the_scene():
    guard = Guard("box 1", "hold")
    for seq in range(6):
        guard.step(view(seq), SEEN, (-4.0, 0.0))
    for seq in range(6, 16):
        held = guard.step(view(seq), LOST, (-4.0, 0.0)).spot
    for x in (70, 70 - 40):
        assert held.values[50 - held.box.y, x - held.box.x]


def test_blurring_is_asked_for_exactly_where_it_was():
    guard = Guard("box 1", "blur")
    assert guard.step(view(0), SEEN, STILL).blurred is None
    cover = guard.step(view(1), LOST, STILL)
    assert cover.blurred is cover.spot is not None


def test_stopping_names_frame_and_object():
    guard = Guard("box 1", "stop")
    guard.step(view(0), SEEN, STILL)
    with pytest.raises(LostError, match=r"frame 7: box 1 is lost; --lost hold or blur would go on"):
        guard.step(view(7), LOST, STILL)


def seen(x, width, y=40):
    return Sighting(spot=rectangle(Box(x=x, y=y, width=width, height=20)), confidence=1.0)


@pytest.mark.parametrize("policy", ["hold", "blur", "stop"])
def test_what_has_left_the_picture_is_not_hidden_and_stops_nothing(policy, caplog):
    guard = Guard("box 1", policy)
    for seq, x in enumerate((132, 140, 148, 156)):  # to 160, where the picture ends
        guard.step(view(seq), seen(x, min(20, 160 - x)), STILL)
    assert guard.step(view(4), LEFT, STILL).spot is None
    assert caplog.messages == ["frame 4: box 1 has left the picture"]


def test_what_goes_out_fast_is_held_until_it_is_out(caplog):
    guard = Guard("box 1", "hold")
    for seq, x in enumerate((110, 120, 130, 140, 145)):
        guard.step(view(seq), seen(x, min(20, 160 - x)), STILL)
    held = [guard.step(view(seq), LEFT, STILL).spot for seq in range(5, 9)]
    assert [spot is not None for spot in held] == [True, True, True, False]  # 15 pixels at 7 a frame, and half as long
    assert caplog.messages == ["frame 8: box 1 has left the picture"]


def test_of_what_only_a_sliver_is_left_at_the_edge_nothing_is_held_for_ever():
    guard = Guard("box 1", "hold")
    for seq in range(4):
        guard.step(view(seq), seen(140, 20), STILL)
    for seq in range(4, 12):
        guard.step(view(seq), seen(157, 3), STILL)
    held = [guard.step(view(seq), LEFT, STILL).spot for seq in range(12, 60)]
    assert held[10]
    assert held[-1] is None


def test_what_stands_at_the_edge_has_not_left_when_it_is_lost(caplog):
    guard = Guard("box 1", "hold")
    for seq in range(4):
        guard.step(view(seq), seen(60, 20, y=76), STILL)
    assert all(guard.step(view(seq), LEFT, STILL).spot for seq in range(4, 90))
    assert caplog.messages == ["frame 4: box 1 is lost; where it was last is filled"]


def test_what_came_in_has_not_left_when_it_is_lost():
    guard = Guard("box 1", "hold")
    for seq in range(4):
        guard.step(view(seq), seen(0, 5 + 5 * seq), STILL)
    assert all(guard.step(view(seq), LEFT, STILL).spot for seq in range(4, 90))


def test_after_a_cut_nothing_is_held_and_that_is_said(caplog):
    guard = Guard("box 1", "hold")
    guard.step(view(0), SEEN, STILL)
    guard.step(view(1), LOST, STILL)
    guard.cut()
    assert [guard.step(view(seq), LOST, STILL).spot for seq in (2, 3)] == [None, None]
    assert caplog.messages[1:] == ["frame 2: box 1 is not seen; nothing of it is hidden until it is"]


def test_what_is_held_may_be_carried_out_of_the_picture():
    guard = Guard("box 1", "hold")
    guard.step(view(0), SEEN, STILL)
    for seq in range(1, 9):
        held = guard.step(view(seq), LOST, (-40.0, 0.0)).spot
    assert held is None


def test_a_policy_that_nobody_knows_is_refused():
    with pytest.raises(OptionError, match="--lost cry cannot be used; hold, blur, stop can"):
        check_policy("cry")


def test_the_camera_is_followed_and_a_picture_without_detail_stands_still():
    noise = np.random.default_rng(0).normal(0, 1, (300, 400)).astype(np.float32)
    scene = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    camera = Camera()
    moves = [(0, 0), (5, -3), (12, -3), (12, 4)]
    shifts = [camera.step(view(i, scene[60 - y : 156 - y, 60 - x : 220 - x])) for i, (x, y) in enumerate(moves)]
    assert np.allclose(shifts, [(0, 0), (5, -3), (7, 0), (0, 7)], atol=0.6)
    flat = Camera()
    assert [flat.step(view(i)) for i in range(3)] == [STILL] * 3
