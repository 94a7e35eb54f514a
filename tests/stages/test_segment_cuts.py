from pathlib import Path

import cv2
import numpy as np
import pytest

from stages.segment.cuts import CutDetector

WIDTH, HEIGHT = 320, 180
DAVIS = Path(__file__).parents[3] / "shared/footage/davis480"


def scene(seed, width=WIDTH, height=HEIGHT):
    """A picture with shapes of many sizes, as a camera sees them."""
    random = np.random.default_rng(seed)
    image = np.full((height, width), random.integers(60, 200), np.uint8)
    for _ in range(width * height // 900):
        centre = tuple(int(n) for n in random.integers((0, 0), (width, height)))
        axes = tuple(int(n) for n in random.integers(4, 30, 2))
        cv2.ellipse(image, centre, axes, float(random.integers(180)), 0, 360, int(random.integers(20, 235)), -1)
    return image


def cuts(frames, threshold=0.55):
    detector = CutDetector(threshold)
    return [i for i, frame in enumerate(frames) if detector.step(frame)]


def light(image, gain, offset):
    return np.clip(image * gain + offset, 0, 255).astype(np.uint8)


def test_every_hard_cut_is_found_and_nothing_else():
    shots = [scene(seed) for seed in range(12)]
    frames = [np.roll(shots[i // 5], i, axis=1) for i in range(60)]
    assert cuts(frames) == list(range(5, 60, 5))


def test_a_shot_of_one_frame_has_two_cuts():
    assert cuts([scene(0), scene(0), scene(1), scene(2), scene(2)]) == [2, 3]


def test_the_first_frame_is_not_a_cut():
    assert cuts([scene(3)]) == []


@pytest.mark.parametrize("step", [3, 20, 45])
def test_a_pan_is_not_a_cut(step):
    wide = scene(4, width=WIDTH + 20 * step)
    assert cuts([wide[:, i * step : i * step + WIDTH] for i in range(20)]) == []


def test_a_tilt_is_not_a_cut():
    tall = scene(5, height=HEIGHT + 20 * 20)
    assert cuts([tall[i * 20 : i * 20 + HEIGHT] for i in range(20)]) == []


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 80), (0.3, 170), (0.0, 255), (0.0, 0), (2.0, 0)])
def test_a_flash_is_not_a_cut(gain, offset):
    frames = [scene(6)] * 9
    frames[4] = light(frames[4], gain, offset)
    assert cuts(frames) == []


def test_gradual_light_is_not_a_cut():
    assert cuts([light(scene(7), 1 - 0.04 * i, 2 * i) for i in range(20)]) == []


def test_a_cut_through_black_is_found_where_the_new_shot_shows():
    black = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert cuts([scene(8), scene(8), black, black, scene(9), scene(9)]) == [4]
    assert cuts([scene(8), scene(8), black, black, scene(8), scene(8)]) == []


def test_an_object_over_half_the_frame_is_not_a_cut():
    background, front = scene(10), scene(11)
    frames = []
    for x in [*range(-WIDTH // 2, WIDTH, 40), -WIDTH // 2]:  # at the end it is gone all at once
        frame = background.copy()
        left, right = max(x, 0), min(x + WIDTH // 2, WIDTH)
        frame[:, left:right] = front[:, left - x : right - x]
        frames.append(frame)
    assert cuts(frames) == []


def test_an_object_that_jumps_from_side_to_side_is_not_a_cut():
    background, front = scene(10), scene(11)
    right, left = background.copy(), background.copy()
    right[:, WIDTH // 3 :] = front[:, WIDTH // 3 :]
    left[:, : WIDTH * 2 // 3] = front[:, : WIDTH * 2 // 3][:, ::-1]
    assert cuts([background, right, left, background]) == []


def test_noise_is_not_a_cut():
    random = np.random.default_rng(0)
    noisy = [np.clip(scene(12) + random.normal(0, 12, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8) for _ in range(9)]
    assert cuts(noisy) == []


def test_a_flat_picture_and_a_tiny_one_are_no_cut():
    assert cuts([np.full((HEIGHT, WIDTH), i, np.uint8) for i in range(9)]) == []
    assert cuts([np.full((1, 1), i, np.uint8) for i in range(9)]) == []


def test_a_threshold_of_zero_finds_no_cut():
    assert cuts([scene(i) for i in range(9)], threshold=0) == []


@pytest.mark.skipif(not DAVIS.is_dir(), reason="the DAVIS clips are not beside the repository")
def test_real_clips_are_cut_where_they_were_joined_and_nowhere_else():
    clips = []
    for folder in sorted(DAVIS.iterdir()):
        paths = sorted((folder / "frames").iterdir())
        clips.append([cv2.imread(str(path), cv2.IMREAD_REDUCED_GRAYSCALE_2) for path in paths[:12]])
    joints = np.cumsum([len(clip) for clip in clips])[:-1].tolist()
    assert cuts([frame for clip in clips for frame in clip]) == joints
