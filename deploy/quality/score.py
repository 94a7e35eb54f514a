"""Pictures in the order of their frames in, a score for each of them and one for the clip out; holds one frame."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deploy.quality.areas import Areas, areas
from deploy.quality.flicker import Motion, arrives_in, warping_errors
from deploy.quality.pictures import Known, Picture
from deploy.quality.psnr import psnr
from deploy.quality.sharpness import gradients, mean_within
from deploy.quality.ssim import ssim

Perceptual = Callable[[Picture, Picture], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """Mean magnitude of the gradient in grey levels a pixel, as a measure of sharpness."""

    hole: float | None = None  # within the hole of the output
    ring: float | None = None  # around it, where nobody filled
    true: float | None = None  # within the hole of the reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Flicker:
    """Warping error from the frame before; samples are from 0 to 1, and so is this."""

    whole: float | None = None
    hole: float | None = None
    ring: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScore:
    """One frame; None where there is nothing to measure: no hole, no frame before, a picture that is too small."""

    seq: int
    identical: bool  # to the reference, every sample of it
    psnr: float  # dB, at most psnr.CAP
    ssim: float | None  # at most 1
    hole_psnr: float | None  # dB
    gradient: Gradient
    flicker: Flicker
    lpips: float | None  # 0 and more


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipScore:
    """A whole clip: means over those of its frames that have a value."""

    frames: int
    identical: int  # frames, each counted as psnr.CAP
    masked: int  # frames that have a hole
    psnr: float | None
    ssim: float | None
    hole_psnr: float | None
    gradient: float | None  # in the hole over that in its ring: 1 is as sharp as the surroundings
    true_gradient: float | None  # the same of the reference: what a perfect fill would have
    flicker: Flicker
    lpips: float | None
    vfid: float | None = None  # Frechet distance of the two videos; not a mean


class Scorer:
    """Scores the frames of one clip, all of one size."""

    def __init__(self, *, ssim_every: int = 1, lpips: Perceptual | None = None) -> None:
        """Compute SSIM, which takes most of the time, of every so many frames; LPIPS if there is a network for it."""
        self._ssim_every = ssim_every
        self._lpips = lpips
        self._last: tuple[Picture, Areas] | None = None
        self._sums = _Sums()

    def add(
        self, reference: Picture, output: Picture, hole: Known | None = None, motion: Motion | None = None
    ) -> FrameScore:
        """Score the next frame: (h, w, 3) pictures, a (h, w) hole, and the motion from the frame before.

        Whose motion that is, the caller decides: the reference's, where the reference is the truth.
        """
        area = self._areas(np.zeros(output.shape[:2], bool) if hole is None else hole)
        seq, masked = self._sums.frames, bool(area.hole.any())
        score = FrameScore(
            seq=seq,
            identical=bool(np.array_equal(reference, output)),
            psnr=psnr(reference, output),
            ssim=None if seq % self._ssim_every else ssim(reference, output),
            hole_psnr=psnr(reference[area.hole], output[area.hole]) if masked else None,
            gradient=_gradient(reference, output, area) if masked else Gradient(),
            flicker=_flicker(*self._last, output, area, motion) if self._last and motion else Flicker(),
            lpips=self._lpips(reference, output) if self._lpips else None,
        )
        self._last = output, area
        self._sums.add(score)
        return score

    def clip(self) -> ClipScore:
        """Return the score of all frames so far."""
        return self._sums.clip()

    def _areas(self, hole: Known) -> Areas:
        """Return its areas; a hole that stays where it was is not looked at again."""
        if self._last and np.array_equal(self._last[1].hole, hole):
            return self._last[1]
        return areas(hole)


def _gradient(reference: Picture, output: Picture, area: Areas) -> Gradient:
    steep = gradients(output)
    return Gradient(
        hole=mean_within(steep, area.core),
        ring=mean_within(steep, area.ring),
        true=mean_within(gradients(reference), area.core),
    )


def _flicker(earlier: Picture, before: Areas, later: Picture, now: Areas, motion: Motion) -> Flicker:
    """A pixel of the ring counts if it does not move into the hole: then nothing of it was filled in either frame."""
    errors = warping_errors(earlier, later, motion)
    masked = bool(before.hole.any())
    return Flicker(
        whole=mean_within(errors, motion.seen),
        hole=mean_within(errors, before.hole & motion.seen) if masked else None,
        ring=mean_within(errors, before.ring & motion.seen & ~arrives_in(now.hole, motion)) if masked else None,
    )


class _Mean:
    """A mean that is never without what it was made of."""

    def __init__(self) -> None:
        self._total, self._count = 0.0, 0

    def add(self, value: float | None) -> None:
        if value is not None:
            self._total, self._count = self._total + value, self._count + 1

    @property
    def value(self) -> float | None:
        return self._total / self._count if self._count else None

    def over(self, other: "_Mean") -> float | None:
        return self.value / other.value if self.value is not None and other.value else None


class _Sums:
    """What is known of the clip so far."""

    def __init__(self) -> None:
        self.frames = self._identical = self._masked = 0
        self._psnr, self._ssim, self._hole_psnr, self._lpips = _Mean(), _Mean(), _Mean(), _Mean()
        self._hole_gradient, self._ring_gradient, self._true_gradient = _Mean(), _Mean(), _Mean()
        self._whole, self._hole, self._ring = _Mean(), _Mean(), _Mean()  # flicker

    def add(self, score: FrameScore) -> None:
        self.frames += 1
        self._identical += score.identical
        self._masked += score.hole_psnr is not None
        for mean, value in (
            (self._psnr, score.psnr),
            (self._ssim, score.ssim),
            (self._hole_psnr, score.hole_psnr),
            (self._lpips, score.lpips),
            (self._hole_gradient, score.gradient.hole),
            (self._ring_gradient, score.gradient.ring),
            (self._true_gradient, score.gradient.true),
            (self._whole, score.flicker.whole),
            (self._hole, score.flicker.hole),
            (self._ring, score.flicker.ring),
        ):
            mean.add(value)

    def clip(self) -> ClipScore:
        return ClipScore(
            frames=self.frames,
            identical=self._identical,
            masked=self._masked,
            psnr=self._psnr.value,
            ssim=self._ssim.value,
            hole_psnr=self._hole_psnr.value,
            gradient=self._hole_gradient.over(self._ring_gradient),
            true_gradient=self._true_gradient.over(self._ring_gradient),
            flicker=Flicker(whole=self._whole.value, hole=self._hole.value, ring=self._ring.value),
            lpips=self._lpips.value,
        )
