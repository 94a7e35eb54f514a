"""Scores of clips: means of what there is, and nothing where there is nothing to measure."""

import numpy as np
import pytest

from deploy.quality.psnr import CAP, psnr
from deploy.quality.score import Scorer


def noise(seed):
    return np.random.default_rng(seed).integers(40, 200, (72, 80, 3), dtype=np.uint8)


def hole():
    mask = np.zeros((72, 80), bool)
    mask[20:50, 20:60] = True
    return mask


def test_the_clip_is_the_mean_of_its_frames():
    scorer = Scorer()
    scores = [scorer.add(noise(i), noise(i) + np.uint8(1 + i), hole()) for i in range(3)]
    clip = scorer.clip()
    assert clip.frames == clip.masked == 3
    assert clip.psnr == pytest.approx(np.mean([score.psnr for score in scores]))
    assert clip.ssim == pytest.approx(np.mean([score.ssim for score in scores]))
    assert [score.seq for score in scores] == [0, 1, 2]


def test_the_psnr_of_the_hole_counts_nothing_else():
    reference, output = noise(1), noise(1)
    output[hole()] += 2
    output[:5] += 50
    score = Scorer().add(reference, output, hole())
    assert score.hole_psnr == pytest.approx(psnr(np.zeros(3, np.uint8), np.full(3, 2, np.uint8)))


def test_a_frame_without_a_hole_does_not_change_what_is_said_of_holes():
    scorer = Scorer()
    first = scorer.add(noise(1), noise(1) + np.uint8(3), hole())
    second = scorer.add(noise(2), noise(2), np.zeros((72, 80), bool))
    assert second.hole_psnr is second.gradient.hole is second.flicker.hole is None
    clip = scorer.clip()
    assert (clip.frames, clip.masked, clip.identical) == (2, 1, 1)
    assert clip.hole_psnr == first.hole_psnr
    assert clip.psnr == pytest.approx((first.psnr + CAP) / 2)


def test_a_flat_fill_in_a_textured_picture_has_no_gradient_and_the_truth_has_that_of_its_ring():
    reference, output = noise(1), noise(1)
    output[hole()] = 120
    scorer = Scorer()
    scorer.add(reference, output, hole())
    assert scorer.clip().gradient == 0
    assert scorer.clip().true_gradient == pytest.approx(1, abs=0.1)  # noise is alike everywhere


def test_ssim_of_every_third_frame_is_the_mean_of_those():
    scorer = Scorer(ssim_every=3)
    scores = [scorer.add(noise(i), noise(i) // 2, None) for i in range(5)]
    assert [score.ssim is not None for score in scores] == [True, False, False, True, False]
    assert scorer.clip().ssim == pytest.approx(np.mean([score.ssim for score in scores if score.ssim is not None]))


def test_nothing_is_known_of_no_frames():
    clip = Scorer().clip()
    assert clip.frames == 0
    assert clip.psnr is clip.ssim is clip.gradient is None
