import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.segment.track.appearance import model, ridge
from stages.segment.track.appearance.find import find
from stages.segment.track.appearance.looks import look
from stages.segment.track.appearance.model import Appearance

SIDE = 140


def noise(seed, side=SIDE, sigma=2.0, colour=(110, 120, 130), spread=60):
    """A texture of one colour, (side, side, 3)."""
    values = np.random.default_rng(seed).normal(0, 1, (side, side, 3)).astype(np.float32)
    values = cv2.GaussianBlur(values, (0, 0), sigma)
    return np.clip(np.array(colour) + values / values.std() * spread / 3, 0, 255).astype(np.uint8)


def disc(x=70, y=70, radius=35, side=SIDE):
    return cv2.circle(np.zeros((side, side), np.uint8), (x, y), radius, 255, -1)


def scene(values, object_picture, background):
    return np.where(values[..., None] >= 128, object_picture, background)


def right(scores, values, band=10):
    """The share of pixels around the outline that are told right."""
    square = np.ones((2 * band + 1, 2 * band + 1), np.uint8)
    near = cv2.dilate(values, square) != cv2.erode(values, square)
    return float(((scores > 0) == (values >= 128))[near].mean())


def taught(patch, values):
    appearance = Appearance()
    appearance.learn(patch, values, keep=True)
    return appearance


RED, GREEN = noise(1, colour=(60, 70, 170)), noise(2, colour=(70, 150, 80))


def test_an_object_of_another_colour_is_told_to_the_pixel():
    appearance = taught(scene(disc(), RED, GREEN), disc())
    moved = disc(78, 63, 30)
    assert right(appearance.score(scene(moved, noise(3, colour=(60, 70, 170)), GREEN), moved), moved) > 0.97


def test_an_object_of_the_same_colours_is_told_by_its_texture():
    fine, coarse = (lambda seed: noise(seed, sigma=0.7)), (lambda seed: noise(seed, sigma=5.0))
    appearance = taught(scene(disc(), fine(1), coarse(2)), disc())
    assert (
        right(appearance.score(scene(disc(), fine(3), coarse(4)), disc()), disc()) > 0.8
    )  # colours alone: a half; texture is seen to some pixels only


def test_a_colour_that_both_have_is_told_by_its_place():
    # A red object on green with red things far to its left: there red says nothing, here it does.
    background = GREEN.copy()
    background[:, :22] = RED[:, :22]
    values = disc(80, 70, 35)
    scores = taught(scene(values, RED, background), values).score(scene(values, RED, background), values)
    assert scores[60:80, 70:90].min() > 0
    assert (scores[:, :14] < 0).mean() > 0.95


def test_what_nobody_can_tell_is_scored_about_nothing():
    appearance = taught(noise(5), disc())
    told, untold = appearance.score(noise(6), disc()), taught(scene(disc(), RED, GREEN), disc())
    sure = untold.score(scene(disc(), RED, GREEN), disc())
    band = cv2.dilate(disc(), np.ones((9, 9))) != cv2.erode(disc(), np.ones((9, 9)))
    assert np.abs(told[band]).mean() < np.abs(sure[band]).mean() / 2


def test_wrong_outlines_are_outvoted():
    patch = scene(disc(), RED, GREEN)
    appearance = taught(patch, disc())
    for shift in (-4, 4, -3, 3, -5, 5):
        appearance.learn(patch, disc(70 + shift, 70, 35 + shift // 2))
    assert right(appearance.score(patch, disc()), disc()) > 0.97


def test_the_first_frame_is_never_forgotten():
    blue = noise(7, colour=(180, 80, 60))
    appearance = taught(scene(disc(), RED, GREEN), disc())
    for _ in range(60):
        appearance.learn(scene(disc(), blue, GREEN), disc())
    assert right(appearance.score(scene(disc(), blue, GREEN), disc()), disc()) > 0.97
    assert right(appearance.score(scene(disc(), RED, GREEN), disc()), disc()) > 0.9


def test_what_is_doubted_is_not_learned():
    patch, wrong = scene(disc(), RED, GREEN), disc(70, 70, 22)
    appearances = taught(patch, disc()), taught(patch, disc())
    for _ in range(20):
        for appearance, doubted in zip(appearances, (None, wrong != disc()), strict=True):
            appearance.learn(patch, wrong, doubted=doubted)
    believing, doubting = (right(appearance.score(patch, disc()), disc()) for appearance in appearances)
    assert doubting > 0.99
    assert believing < 0.97
    before = appearances[1].score(patch, disc())
    appearances[1].learn(patch, wrong, doubted=np.ones(wrong.shape, bool))
    assert np.array_equal(appearances[1].score(patch, disc()), before)


def test_what_was_learned_before_any_first_frame_counts_alone():
    appearance = Appearance()
    appearance.learn(scene(disc(), RED, GREEN), disc())
    assert right(appearance.score(scene(disc(), RED, GREEN), disc()), disc()) > 0.97


def test_nothing_learned_says_nothing():
    appearance = Appearance()
    assert not appearance.score(RED, disc()).any()
    appearance.learn(RED, np.zeros_like(disc()), keep=True)
    assert not appearance.score(RED, disc()).any()
    assert find(appearance, RED, 20.0) == []


def test_the_same_is_learned_from_the_same():
    scores = [taught(scene(disc(), RED, GREEN), disc()).score(RED, disc()) for _ in range(2)]
    assert np.array_equal(*scores)


def test_what_is_held_does_not_grow():
    appearance = taught(scene(disc(), RED, GREEN), disc())
    for i in range(8 * model.LOOK_EVERY):
        appearance.learn(scene(disc(), RED, GREEN), disc(), keep=i % 2 == 0)
    assert len(appearance.looks) <= model.KEPT_LOOKS + model.RECENT_LOOKS
    arrays = [value for value in vars(appearance).values() if isinstance(value, tuple)]
    assert sum(array.nbytes for sums in arrays for array in sums) < 1 << 20


@settings(max_examples=25)
@given(
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    seed=st.integers(0, 9),
    share=st.sampled_from([0, 0.02, 0.5, 1]),
)
def test_no_patch_is_too_odd(height, width, seed, share):
    chance = np.random.default_rng(seed)
    patch = chance.integers(0, 256, (height, width, 3)).astype(np.uint8) * np.uint8(seed > 0)
    values = (chance.random((height, width)) < share).astype(np.uint8) * np.uint8(255)
    appearance = taught(patch, values)
    scores = appearance.score(patch, np.full((height, width), 255, np.uint8))
    assert scores.shape == (height, width)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert all(0 <= found.confidence <= 1 for found in find(appearance, patch, 5.0))


def test_an_object_too_thin_to_be_recognised_has_no_look():
    line = np.zeros((5, 1000), np.uint8)
    line[2, 100:900] = 255
    assert look(np.zeros((5, 1000, 3), np.uint8), line) is None


PICTURE = cv2.resize(noise(11, side=200, sigma=6.0, colour=(110, 140, 120), spread=90), (400, 240))


def striped(side=SIDE):
    """An object that is like nothing else: red and white stripes."""
    picture = np.full((side, side, 3), 235, np.uint8)
    for x in range(0, side, 20):
        picture[:, x : x + 10] = (40, 40, 190)
    return picture


def lost():
    values = disc()
    return taught(scene(values, striped(), noise(12, sigma=6.0, colour=(110, 140, 120), spread=90)), values)


@pytest.mark.parametrize("scale", [0.75, 1.0, 1.3])
@pytest.mark.parametrize("corner", [(20, 30), (230, 80)])
def test_a_lost_object_is_found_elsewhere_and_of_another_size(scale, corner):
    side = round(SIDE * scale * 0.8)
    values, (x, y) = cv2.resize(disc(), (side, side)), corner
    picture = PICTURE.copy()
    place = picture[y : y + side, x : x + side]
    place[:] = scene(values, cv2.resize(striped(), (side, side)), place)
    best = find(lost(), picture, 35 * np.pi**0.5 * 0.8)[0]
    assert best.confidence > 0.8
    middle = best.spot.box.x + best.spot.box.width / 2, best.spot.box.y + best.spot.box.height / 2
    assert np.abs(np.subtract(middle, (x + side / 2, y + side / 2))).max() < 10
    assert best.spot.values.shape == (best.spot.box.height, best.spot.box.width)


@pytest.mark.parametrize("picture", [PICTURE, noise(13, side=240), np.zeros((240, 400, 3), np.uint8)])
def test_an_object_that_is_not_there_is_not_found(picture):
    assert all(found.confidence < 0.5 for found in find(lost(), picture, 50.0))


def test_the_ridge_is_solved_as_the_textbook_says():
    rows = np.random.default_rng(0).normal(0, 1, (40, 12)).astype(np.float32)
    products, weights = np.zeros((12, 12), np.float32), np.empty(12, np.float32)
    ridge.add_products(rows, products)
    assert np.allclose(products, np.tril(rows.T @ rows), atol=1e-4)
    ridge.solve(products, 0.5, rows[0], weights)
    assert np.allclose(weights, np.linalg.solve(rows.T @ rows + 0.5 * np.eye(12), rows[0]), atol=1e-4)
