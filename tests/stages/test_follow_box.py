from pathlib import Path

import cv2
import numpy as np
import pytest

from stages.segment.follow import BoxFollower
from transport.messages import Box

WIDTH, HEIGHT = 320, 180
DAVIS = Path(__file__).parents[3] / "shared/footage/davis480"


def texture(seed, width, height):
    noise = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    smooth = sum(s * cv2.GaussianBlur(noise, (0, 0), s) for s in (1.5, 3, 6))
    return cv2.normalize(smooth, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


BACKGROUND = texture(1, 800, HEIGHT)
OBJECT = texture(2, 50, 60)


def picture(x, y, *, size=(50, 60), camera=0, front=OBJECT):
    """A frame with the object's corner at x, y, parts outside cut off."""
    luma = BACKGROUND[:, camera : camera + WIDTH].copy()
    front = cv2.resize(front, size, interpolation=cv2.INTER_AREA)
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + size[0], WIDTH), min(y + size[1], HEIGHT)
    if left < right and top < bottom:
        luma[top:bottom, left:right] = front[top - y : bottom - y, left - x : right - x]
    return luma


def overlap(box, x, y, width=50, height=60):
    """Intersection over union of the box with where the object is in sight."""
    if box is None:
        return 0.0
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + width, WIDTH), min(y + height, HEIGHT)
    across = min(box.x + box.width, right) - max(box.x, left)
    down = min(box.y + box.height, bottom) - max(box.y, top)
    shared = max(across, 0) * max(down, 0)
    return shared / ((right - left) * (bottom - top) + box.width * box.height - shared)


def start(x, y):
    return BoxFollower(picture(x, y), Box(x=x, y=y, width=50, height=60))


def test_a_moving_object_is_followed():
    follower = start(20, 40)
    for i in range(1, 40):
        x, y = 20 + 5 * i, 40 + round(20 * np.sin(i / 5))
        assert overlap(follower.step(picture(x, y)), x, y) > 0.8


def test_an_object_is_followed_while_the_camera_pans():
    follower = start(150, 60)
    for i in range(1, 60):
        x = 150 - i
        assert overlap(follower.step(picture(x, 60, camera=6 * i)), x, 60) > 0.8


def test_an_object_that_stands_still_in_the_scene_is_followed():
    follower = start(250, 60)
    for i in range(1, 40):
        assert overlap(follower.step(picture(250 - 5 * i, 60, camera=5 * i)), 250 - 5 * i, 60) > 0.8


def test_an_object_that_fills_a_third_of_its_box_is_followed():
    inside = np.zeros((60, 50), bool)
    inside[:, 16:34] = True  # a figure, with the background at both sides

    def figure(x):
        luma = BACKGROUND[:, :WIDTH].copy()
        luma[60:120, x : x + 50][inside] = OBJECT[inside]
        return luma

    follower = BoxFollower(figure(40), Box(x=40, y=60, width=50, height=60))
    for i in range(1, 40):
        assert overlap(follower.step(figure(40 + 4 * i)), 40 + 4 * i, 60) > 0.6


def test_an_object_that_comes_closer_is_followed():
    follower = start(100, 60)
    for i in range(1, 40):
        width, height = round(50 * 1.015**i), round(60 * 1.015**i)
        x, y = 125 - width // 2, 90 - height // 2
        assert overlap(follower.step(picture(x, y, size=(width, height))), x, y, width, height) > 0.7


def test_an_object_that_leaves_is_gone():
    follower = start(200, 60)
    boxes = [follower.step(picture(200 + 6 * i, 60)) for i in range(1, 40)]
    assert overlap(boxes[9], 260, 60) > 0.8
    assert boxes[10:14].count(None) == 0, "it is still half in sight"
    assert all(box is None for box in boxes[24:])


def test_an_object_that_comes_back_is_found():
    path = [*range(240, 340, 6), *[400] * 10, *range(310, 200, -6)]
    follower = start(240, 60)
    boxes = [follower.step(picture(x, 60)) for x in path]
    assert boxes[25] is None
    assert overlap(boxes[-1], path[-1], 60) > 0.7


def test_a_short_disappearance_keeps_the_box_and_widens_it():
    follower = start(100, 60)
    for _ in range(3):
        seen = follower.step(picture(100, 60))
    hidden = [follower.step(picture(-999, 60)) for _ in range(8)]
    for box in hidden:
        assert box is not None
        assert overlap(box, 100, 60) > 0.5
    areas = [box.width * box.height for box in hidden]
    assert areas == sorted(areas)
    assert areas[-1] > seen.width * seen.height
    assert overlap(follower.step(picture(104, 62)), 104, 62) > 0.7


def test_a_kept_box_moves_with_the_camera():
    follower = start(200, 60)
    for i in range(1, 7):
        box = follower.step(picture(-999, 60, camera=8 * i))
    assert abs(box.x + box.width / 2 - (225 - 48)) < 6


def test_what_is_hidden_for_long_is_given_up():
    follower = start(100, 60)
    boxes = [follower.step(picture(-999, 60)) for _ in range(30)]
    assert boxes[-1] is None


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_picture_is_no_error(value):
    flat = np.full((HEIGHT, WIDTH), value, np.uint8)
    follower = BoxFollower(flat, Box(x=10, y=10, width=30, height=30))
    for _ in range(30):
        follower.step(flat)
    follower.step(picture(0, 0))


@pytest.mark.parametrize(
    "box",
    [
        Box(x=0, y=0, width=WIDTH, height=HEIGHT),
        Box(x=0, y=0, width=1, height=1),
        Box(x=WIDTH - 1, y=HEIGHT - 1, width=1, height=1),
        Box(x=0, y=50, width=WIDTH, height=1),
        Box(x=50, y=0, width=1, height=HEIGHT),
    ],
)
def test_odd_boxes_stay_inside_the_picture(box):
    follower = BoxFollower(picture(20, 40), box)
    for i in range(1, 30):
        found = follower.step(picture(20 + 3 * i, 40))
        if found:
            assert found.width > 0
            assert found.height > 0
            assert found.x + found.width <= WIDTH
            assert found.y + found.height <= HEIGHT


def test_a_tiny_picture_is_no_error():
    tiny = np.zeros((2, 3), np.uint8)
    follower = BoxFollower(tiny, Box(x=0, y=0, width=2, height=2))
    for _ in range(20):
        follower.step(tiny)


def test_a_large_picture_is_followed_in_pixels_of_its_own():
    scale = 6

    def large(x):
        return cv2.resize(picture(x, 60), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)

    follower = BoxFollower(large(100), Box(x=100 * scale, y=60 * scale, width=50 * scale, height=60 * scale))
    for i in range(1, 10):
        box = follower.step(large(100 + 4 * i))
    assert abs(box.x - 136 * scale) < 5 * scale
    assert abs(box.width - 50 * scale) < 8 * scale


def test_the_same_pictures_give_the_same_boxes():
    def run():
        follower = start(20, 40)
        return [follower.step(picture(20 + 5 * i, 40, camera=3 * i)) for i in range(1, 20)]

    assert run() == run()


@pytest.mark.skipif(not DAVIS.is_dir(), reason="the DAVIS clips are not beside the repository")
@pytest.mark.parametrize("name", ["boat", "kite-walk", "bear"])
def test_easy_real_clips_are_followed(name):
    masks = sorted((DAVIS / name / "masks").iterdir())[:40]
    frames = sorted((DAVIS / name / "frames").iterdir())[:40]
    first, follower, overlaps = None, None, []
    for mask, image in zip(masks, frames, strict=True):
        luma = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)
        x, y, width, height = cv2.boundingRect(cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) // 128)
        if first is None:
            first = Box(x=x, y=y, width=width, height=height)
            follower = BoxFollower(luma, first)
            continue
        box = follower.step(luma)
        shared = max(0, min(box.x + box.width, x + width) - max(box.x, x))
        shared *= max(0, min(box.y + box.height, y + height) - max(box.y, y))
        overlaps.append(shared / (width * height + box.width * box.height - shared))
    assert np.mean(overlaps) > 0.6
