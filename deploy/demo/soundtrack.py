"""The demo's sound: a length and the times of footsteps in, stereo samples out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RATE = 48000  # samples a second
CHORD = (110.0, 164.81, 220.0, 277.18, 329.63, 493.88)  # Hz: A major with a ninth
CHORD_PEAK, STEP_PEAK = 0.16, 0.22  # of full scale, together well below it
FADE_S = 0.8
STEP_S = 0.12

Samples = NDArray[np.float64]  # (n,) or (n, 2), -1 to 1


def soundtrack(seconds: float, steps: Sequence[tuple[float, float]]) -> NDArray[np.int16]:
    """Return (samples, 2) at RATE: a chord that swells and fades, and a step at each (time in s, side from -1 to 1)."""
    sound = _chord(round(seconds * RATE))
    random = np.random.default_rng(3)
    for time, side in steps:
        start = round(time * RATE)
        step = _step(random)[: max(len(sound) - start, 0)]
        angle = (np.clip(side, -1, 1) + 1) * np.pi / 4  # constant power
        sound[start : start + len(step)] += step[:, None] * (np.cos(angle), np.sin(angle))
    return np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)


def _chord(count: int) -> Samples:
    t = np.arange(count) / RATE
    sound = np.zeros((count, 2))
    for n, pitch in enumerate(CHORD):
        for ear in (0, 1):  # a little out of tune, so that it is wide
            tone = np.sin(2 * np.pi * (pitch + 0.25 * (ear - 0.5) * (n + 1)) * t + n)
            sound[:, ear] += tone / (n + 1.5) * (0.8 + 0.2 * np.sin(0.9 * t + n))
    fade = np.minimum(1, np.minimum(t, t[::-1]) / FADE_S)
    sound *= (fade * fade * (3 - 2 * fade) * CHORD_PEAK / max(np.abs(sound).max(initial=0), 1e-9))[:, None]
    return sound


def _step(random: np.random.Generator) -> Samples:
    """A heel and a sole on stone: dull noise that dies away twice."""
    t = np.arange(round(STEP_S * RATE)) / RATE
    dull = np.convolve(random.standard_normal(len(t)), np.hanning(48), mode="same")
    hit = np.exp(-t / 0.012) + 0.5 * np.exp(-np.abs(t - 0.05) / 0.010)
    knock = np.sin(2 * np.pi * 92 * t) * np.exp(-t / 0.03)
    sound = dull / np.abs(dull).max() * hit * 0.7 + 0.5 * knock
    step: Samples = sound / np.abs(sound).max() * STEP_PEAK
    return step
