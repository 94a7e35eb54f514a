"""What moves before a still, shaking or panning camera, in scenes whose answer is known."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stages.segment.detect.moving import Moving
from stages.segment.spot import SURE, Spot, slices
from stages.segment.view import View
from tests.stages.scenes import planes_of, texture
from transport.messages import Frame, PictureFormat

WIDTH, HEIGHT = 240, 160
Image = NDArray[np.uint8]
Place = tuple[int, int]


def still(seq: int) -> Place:
    """A camera at rest."""
    return 40, 30


def shaken(seq: int) -> Place:
    """A camera that trembles by whole pixels."""
    x, y = np.random.default_rng(seq).integers(-3, 4, 2)
    return 40 + int(x), 30 + int(y)


def panned(seq: int) -> Place:
    """A camera that turns to the right."""
    return 10 + 2 * seq, 30


def away(seq: int) -> Place | None:
    """No object."""
    return None


def crossing(seq: int) -> Place | None:
    """An object that comes in from the left after six frames."""
    return (6 * (seq - 6) - 30, 60) if seq > 5 else None


def stopping(seq: int) -> Place | None:
    """An object that comes in and then stands."""
    return (min(6 * seq - 30, 100), 60)


def leaving(seq: int) -> Place | None:
    """An object that is there from the beginning, stands and goes."""
    return (100 if seq < 12 else 100 + 12 * (seq - 12), 60)


def scene(
    camera: Callable[[int], Place] = still,
    thing: Callable[[int], Place | None] = away,
    light: Callable[[int], float] = lambda seq: 1.0,
    count: int = 30,
) -> Iterator[tuple[View, NDArray[np.bool_]]]:
    """Yield frames with some noise, and where the object of 30 x 40 pixels is in each."""
    wide, body = texture(WIDTH + 120, HEIGHT + 60), texture(30, 40, seed=8)
    body = np.roll(body, 1, axis=2) // 2
    for seq in range(count):
        x, y = camera(seq)
        image, true = wide[y : y + HEIGHT, x : x + WIDTH].copy(), np.zeros((HEIGHT, WIDTH), np.bool_)
        if (place := thing(seq)) is not None:
            paste(image, true, body, place)
        noise = np.random.default_rng(100 + seq).normal(0, 1.5, image.shape)
        yield view(seq, np.clip(image * light(seq) + noise, 0, 255).astype(np.uint8)), true


def paste(image: Image, true: NDArray[np.bool_], body: Image, place: Place) -> None:
    """Put what of the object is in the picture into it."""
    x, y = place
    left, right = max(x, 0), min(x + body.shape[1], WIDTH)
    if left < right:
        image[y : y + body.shape[0], left:right] = body[:, left - x : right - x]
        true[y : y + body.shape[0], left:right] = True


def view(seq: int, image: Image) -> View:
    """Return a picture as a stage sees it."""
    height, width = image.shape[:2]
    picture = PictureFormat(width=width, height=height, pixel_format="rgb24")
    planes = planes_of(image, picture)
    return View(Frame(seq=seq, pts=seq, duration=1, key=seq == 0, format=picture, planes=planes))


def spread(spot: Spot | None) -> NDArray[np.bool_]:
    """Return a spot in the whole picture."""
    whole = np.zeros((HEIGHT, WIDTH), np.bool_)
    if spot is not None:
        whole[slices(spot.box)] = spot.values >= SURE
    return whole


def covered(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return the share of the object that was found."""
    return np.count_nonzero(found & true) / max(np.count_nonzero(true), 1)


def beside(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return the share of the picture that was found well beside the object."""
    near = cv2.dilate(true.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    return float((found & ~near).mean())


@pytest.mark.parametrize("camera", [still, shaken, panned])
def test_nothing_moves_in_an_empty_scene(camera):
    moving = Moving()
    assert [view.seq for view, _ in scene(camera) if moving.step(view) is not None] == []


@pytest.mark.parametrize("camera", [still, shaken, panned])
def test_what_comes_in_is_covered_and_little_else(camera):
    moving = Moving()
    for view, true in scene(camera, crossing):
        found = spread(moving.step(view))
        assert beside(found, true) < 0.005, view.seq
        if true.sum() > 600:  # half of it is in
            assert covered(found, true) > 0.9, view.seq


def test_what_stops_is_kept_until_patience_ends():
    """It stands from frame 22 on; some of it looks the same from earlier on, and is let go earlier."""
    moving = Moving(patience=20)
    shares = [covered(spread(moving.step(view)), true) for view, true in scene(still, stopping, count=60)]
    assert min(shares[22:36]) > 0.95
    assert max(shares[46:]) < 0.1


def test_bare_ground_is_soon_shown_where_something_stood_from_the_beginning():
    moving = Moving()
    found = [spread(moving.step(view)) for view, _ in scene(still, leaving, count=45)]
    assert found[16].any()
    assert not found[-1].any()


def test_a_first_frame_tells_nothing_unless_others_show_the_scene():
    frames = list(scene(still, lambda seq: (20 + 34 * seq, 60), count=5))
    (first, true), window = frames[0], [view for view, _ in frames[1:]]
    assert Moving().step(first) is None
    found = spread(Moving().step(first, window))
    assert covered(found, true) > 0.9
    assert beside(found, true) == 0


@pytest.mark.parametrize("gain", [0.7, 1.25])
def test_another_exposure_moves_nothing_and_hides_nothing(gain):
    moving = Moving()
    for view, true in scene(still, crossing, light=lambda seq: gain if seq >= 15 else 1.0):
        found = spread(moving.step(view))
        assert beside(found, true) < 0.01, view.seq
        if true.sum() > 600:
            assert covered(found, true) > 0.8, view.seq


def test_a_shadow_goes_with_what_moves():
    moving = Moving()
    for seq in range(30):
        image, x = texture(WIDTH, HEIGHT).copy(), 6 * seq - 20
        if x > 0:
            image[60:90, x : x + 30] = 20
            image[90:100, x : x + 50] = (image[90:100, x : x + 50] * 0.65).astype(np.uint8)
        found = spread(moving.step(view(seq, image)))
        if 10 < x < WIDTH - 60:
            assert found[91:99, x + 2 : x + 48].mean() > 0.9, seq


def test_single_pixels_and_small_specks_are_not_objects():
    moving = Moving()
    for seq in range(20):
        image = texture(WIDTH, HEIGHT).copy()
        if seq > 5:
            points = np.random.default_rng(seq).integers(0, HEIGHT, (12, 2))
            image[points[:, 0], points[:, 1]] = 255
        assert moving.step(view(seq, image)) is None, seq


def test_a_cut_forgets_the_scene():
    moving = Moving()
    for view, _ in scene(count=8):
        moving.step(view)
    moving.cut()
    mirrored = [view_of for view_of, _ in scene(panned, count=4)]
    assert [moving.step(view) for view in mirrored] == [None] * 4


def test_a_scene_that_changes_all_at_once_is_learned_again():
    moving = Moving()
    for seq in range(60):
        image = texture(WIDTH, HEIGHT, seed=3 if seq < 10 else 5)
        spot = moving.step(view(seq, image))
    assert spot is None


def fast(seq: int) -> Place:
    """A camera that turns quickly."""
    return 5 + 8 * seq, 30


def test_a_turning_camera_shows_the_scene_to_the_first_frame_too():
    frames = list(scene(fast, leaving, count=14))
    moving, window = Moving(), [view for view, _ in frames[1:7]]
    for seq, (view, true) in enumerate(frames):
        found = spread(moving.step(view, window if not seq else ()))
        assert covered(found, true) > 0.9, view.seq


def test_it_is_said_once_that_a_camera_is_too_fast(caplog):
    moving = Moving()
    for seq in range(70):
        moving.step(view(seq, texture(WIDTH, HEIGHT, seed=seq)))
    assert caplog.messages == ["frame 5: the camera moves too fast to tell what moves before it; it may be shown"]


def test_it_finds_the_same_again():
    runs = []
    for _ in range(2):
        moving = Moving()
        runs.append([spread(moving.step(view)) for view, _ in scene(shaken, crossing, count=15)])
    assert all(np.array_equal(*pair) for pair in zip(*runs, strict=True))


@pytest.mark.parametrize("size", [(16, 16), (17, 400), (1920, 36)])
@pytest.mark.parametrize("level", [0, 128, None])
def test_any_size_and_any_picture_is_taken(size, level):
    moving, random = Moving(), np.random.default_rng(0)
    for seq in range(12):
        shape = (size[1], size[0], 3)
        image = random.integers(0, 256, shape) if level is None else np.full(shape, level)
        spot = moving.step(view(seq, image.astype(np.uint8)))
        if spot is not None:
            assert spot.box.x + spot.box.width <= size[0]
            assert spot.box.y + spot.box.height <= size[1]
            assert spot.values.shape == (spot.box.height, spot.box.width)
    if level is not None:
        assert spot is None
