"""Outlines without weights: of an ellipse before noise, whose place is known, and of real footage where there is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.segment.point.grabcut import GrabCut
from stages.segment.point.segmenter import Hint, Point
from stages.segment.spot import SURE, Spot, rectangle, slices
from stages.segment.view import View
from transport.messages import Box, Frame, PictureFormat

WIDTH, HEIGHT = 320, 200
BOX = Box(x=110, y=50, width=90, height=100)  # exactly around the ellipse
MIDDLE = Point(x=155, y=100)
FOOTAGE = Path(__file__).resolve().parents[3] / "shared" / "footage" / "davis480"


def a_view(picture, seq=0):
    height, width = picture.shape[:2]
    form = PictureFormat(width=width, height=height, pixel_format="bgr24")
    samples = np.ascontiguousarray(picture.reshape(height, -1))
    return View(Frame(seq=seq, pts=seq, duration=1, key=True, format=form, planes=(samples,)))


def noise(seed, height=HEIGHT, width=WIDTH):
    small = np.random.default_rng(seed).integers(60, 200, (height // 8, width // 8, 3)).astype(np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def ellipse(shift=0):
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (155 + shift, 100), (45, 50), 0, 0, 360, 1, cv2.FILLED)
    return mask > 0


def scene(shift=0, tint=(40, 40, 160)):
    """An ellipse of another colour before grey noise; both are of the same texture."""
    ground = cv2.cvtColor(cv2.cvtColor(noise(1), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    skin = np.roll(noise(2), shift, axis=1) // 3 + np.array(tint, np.uint8)
    return np.where(ellipse(shift)[..., None], skin, ground).astype(np.uint8)


def hidden(shift=0):
    """An ellipse that only its motion tells from the same noise around it."""
    return np.where(ellipse(shift)[..., None], np.roll(noise(3), shift, axis=1), noise(1))


def whole(spot, shape=(HEIGHT, WIDTH)):
    mask = np.zeros(shape, bool)
    mask[slices(spot.box)] = spot.values >= SURE
    return mask


def likeness(spot, mask):
    found = whole(spot, mask.shape)
    return (found & mask).sum() / (found | mask).sum()


@pytest.mark.parametrize(
    ("hint", "least"),
    [
        (Hint(box=BOX), 0.9),
        (Hint(box=Box(x=100, y=40, width=110, height=120)), 0.9),
        (Hint(points=(MIDDLE,)), 0.85),
        (Hint(points=(Point(x=135, y=80), Point(x=180, y=115))), 0.85),
        (Hint(box=BOX, points=(MIDDLE,), background=(Point(x=5, y=5),)), 0.9),
    ],
)
def test_an_ellipse_of_its_own_colour_is_found_from_any_hint(hint, least):
    assert likeness(GrabCut().segment(a_view(scene()), hint), ellipse()) > least


def test_an_older_outline_is_moved_to_where_the_object_is_now():
    older = Spot(box=Box(x=104, y=55, width=90, height=100), values=255 * ellipse()[50:150, 110:200].astype(np.uint8))
    assert likeness(older, ellipse()) < 0.83
    assert likeness(GrabCut().segment(a_view(scene()), Hint(spot=older)), ellipse()) > 0.9


def test_what_no_still_picture_shows_is_found_by_its_motion():
    view, window = a_view(hidden()), [a_view(hidden(3 * n), n) for n in range(1, 5)]
    moved = likeness(GrabCut().segment(view, Hint(box=BOX), window), ellipse())
    assert moved > 0.85
    assert moved > likeness(GrabCut().segment(view, Hint(box=BOX)), ellipse()) + 0.03


def test_a_still_window_does_not_hurt():
    view = a_view(scene())
    still = GrabCut().segment(view, Hint(box=BOX), [a_view(scene(), seq) for seq in range(1, 5)])
    assert likeness(still, ellipse()) > 0.9


def test_frames_of_another_size_in_the_window_are_passed_over():
    view = a_view(scene())
    alone = GrabCut().segment(view, Hint(box=BOX))
    beside = GrabCut().segment(view, Hint(box=BOX), [a_view(noise(4, 96, 128), 1)])
    assert np.array_equal(alone.values, beside.values)


def test_what_is_pointed_at_belongs_and_what_is_excluded_does_not():
    on, beside = Point(x=113, y=53), Point(x=155, y=140)  # a corner of the box, and the ellipse's own bottom
    found = whole(GrabCut().segment(a_view(scene()), Hint(box=BOX, points=(on,), background=(beside,))))
    assert found[on.y, on.x]
    assert not found[beside.y, beside.x]


def test_the_same_is_found_every_time():
    view, hint, window = a_view(scene()), Hint(points=(MIDDLE,)), [a_view(scene(4), 1)]
    first, second = (GrabCut().segment(view, hint, window) for _ in range(2))
    assert first.box == second.box
    assert np.array_equal(first.values, second.values)


def test_a_large_picture_has_an_outline_as_fine_as_its_pixels():
    large = cv2.resize(scene(), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(ellipse().astype(np.uint8), None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) > 0
    spot = GrabCut().segment(a_view(large), Hint(box=Box(x=440, y=200, width=360, height=400)))
    assert likeness(spot, mask) > 0.93
    rows = (whole(spot, mask.shape)).sum(axis=1)[260:540]
    assert len(np.unique(rows)) > 40  # no steps of the small area's pixels, of which there are fewer


boxes = st.tuples(st.integers(0, 30), st.integers(0, 20), st.integers(1, 40), st.integers(1, 30)).map(
    lambda b: Box(x=min(b[0], 39), y=min(b[1], 29), width=min(b[2], 40 - min(b[0], 39)), height=min(b[3], 30 - b[1]))
)
points = st.lists(st.builds(Point, x=st.integers(0, 39), y=st.integers(0, 29)), max_size=3).map(tuple)


@settings(max_examples=25)
@given(
    box=st.none() | boxes,
    on=points,
    beside=points,
    old=st.none() | boxes.map(rectangle),
    flat=st.booleans(),
    moving=st.booleans(),
)
def test_it_never_fails_and_never_finds_nothing(box, on, beside, old, flat, moving):
    picture = np.full((30, 40, 3), 90, np.uint8) if flat else noise(5, 32, 40)[:30]
    window = [a_view(np.roll(picture, 2, axis=1), 1)] if moving else []
    spot = GrabCut().segment(a_view(picture), Hint(box=box, points=on, background=beside, spot=old), window)
    assert spot.values.dtype == np.uint8
    assert spot.values.shape == (spot.box.height, spot.box.width)
    assert (spot.values >= SURE).any()
    assert spot.box.x + spot.box.width <= 40
    assert spot.box.y + spot.box.height <= 30


@pytest.mark.filterwarnings("error")
def test_a_box_thinner_than_a_pixel_of_its_area_is_no_mistake():
    luma = np.random.default_rng(1).integers(0, 256, (320, 60)).astype(np.uint8)
    picture = PictureFormat(width=60, height=320, pixel_format="gray")
    view = View(Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=(luma,)))
    spot = GrabCut().segment(view, Hint(box=Box(x=30, y=0, width=1, height=320)))
    assert (spot.values >= SURE).any()


@pytest.mark.skipif(not FOOTAGE.is_dir(), reason="the footage is not here")
@pytest.mark.parametrize(
    ("name", "least"), [("surf", 0.93), ("bear", 0.82), ("car-roundabout", 0.8), ("soapbox", 0.75)]
)
def test_objects_of_real_footage_are_outlined_from_their_boxes(name, least):
    view = a_view(cv2.imread(str(FOOTAGE / name / "frames" / "00000.jpg")))
    window = [a_view(cv2.imread(str(FOOTAGE / name / "frames" / f"{n:05}.jpg")), n) for n in range(1, 5)]
    mask = cv2.imread(str(FOOTAGE / name / "masks" / "00000.png"), cv2.IMREAD_GRAYSCALE) >= 128
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    spot = GrabCut().segment(view, Hint(box=Box(x=x, y=y, width=width, height=height)), window)
    assert likeness(spot, mask) > least
