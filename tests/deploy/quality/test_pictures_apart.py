"""PSNR and SSIM: pictures that differ by a known amount score what the formulas say."""

import math

import numpy as np
import pytest

from deploy.quality.psnr import CAP, psnr
from deploy.quality.ssim import C1, C2, WINDOW, ssim


def waves(seed):
    y, x, channel = np.mgrid[:80, :96, :3]
    smooth = 127 + 60 * np.sin(x / (5 + seed) + channel) + 50 * np.cos(y / 7 - seed + channel)
    return np.rint(smooth + (x * 7 + y * 13 + channel * 5) % 11).astype(np.uint8)


def noise(seed, height=70, width=68):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_difference_of_one_everywhere_is_48_decibels():
    picture = np.full((5, 7, 3), 100, np.uint8)
    assert psnr(picture, picture + 1) == pytest.approx(20 * math.log10(255))


def test_differences_do_not_wrap_around():
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert psnr(black, white) == psnr(white, black) == 0


def test_equal_pictures_are_capped_and_so_is_what_is_nearly_equal():
    picture = noise(1)
    assert psnr(picture, picture.copy()) == CAP


def test_ssim_is_the_formula_written_out():
    one, other = noise(1), (noise(1) // 2 + noise(2) // 3).astype(np.uint8)
    assert ssim(one, other) == pytest.approx(slow_ssim(one, other), abs=1e-12)


def test_ssim_is_what_skimage_says():
    """structural_similarity(..., data_range=255, channel_axis=2, win_size=65) of scikit-image 0.26."""
    one = waves(0)
    assert ssim(one, waves(1)) == pytest.approx(0.22003976896608504, abs=1e-9)
    assert ssim(one, np.clip(one.astype(int) + 9, 0, 255).astype(np.uint8)) == pytest.approx(0.9976300037498262)
    assert ssim(one, 255 - one) == pytest.approx(-0.9769839745908543)


@pytest.mark.parametrize("place", [(0, 0), (69, 67), (30, 3), (5, 64)])
def test_windows_in_which_nothing_differs_count_as_one(place):
    one = noise(1)
    other = one.copy()
    other[place] ^= 255
    assert ssim(one, other) == pytest.approx(slow_ssim(one, other), abs=1e-12)


def test_equal_pictures_have_an_ssim_of_one():
    assert ssim(noise(3), noise(3)) == pytest.approx(1)


def test_a_picture_smaller_than_the_window_has_no_ssim():
    picture = noise(1, height=WINDOW - 1)
    assert ssim(picture, picture) is None
    assert ssim(noise(1, WINDOW, WINDOW), noise(1, WINDOW, WINDOW)) == pytest.approx(1)


def slow_ssim(one, other):
    values = []
    for channel in range(3):
        for y in range(one.shape[0] - WINDOW + 1):
            for x in range(one.shape[1] - WINDOW + 1):
                a, b = (p[y : y + WINDOW, x : x + WINDOW, channel].astype(float).ravel() for p in (one, other))
                (aa, ab), (_, bb) = np.cov(a, b)  # divides by n - 1
                luminance = (2 * a.mean() * b.mean() + C1) / (a.mean() ** 2 + b.mean() ** 2 + C1)
                values.append(luminance * (2 * ab + C2) / (aa + bb + C2))
    return np.mean(values)
