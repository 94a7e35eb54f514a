"""Results in, lines for the terminal and JSON out."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean, median

import numpy as np

from deploy.quality.frechet import frechet
from deploy.quality.score import ClipScore
from tests.bench.fill.clips import Setting
from tests.bench.fill.play import Result

BASE = "telea"  # what no engine should be behind, on any clip
HEADER = (
    f"{'clip':20} {'engine':24} {'PSNR':>6} {'SSIM':>6} {'hole':>6}"
    f" {'grad':>5} {'true':>5} {'flick':>7} {'ring':>7} {'ratio':>6} {'ms':>7}"
)
LEGEND = (
    "grad: mean gradient in the hole over that of its ring (true: of the source); flick, ring: warping error x1000 in"
    " the hole and around it; ms: processor time a frame"
)


def line(result: Result) -> str:
    """Return one engine on one clip."""
    return _line(result.clip, result.engine, _values([result]), result.true)


def summary(results: Sequence[Result], labels: Sequence[str]) -> list[str]:
    """Return the means over the clips, the median of the time, and who is behind the baseline where."""
    lines = []
    for label in labels:
        own = [result for result in results if result.engine == label]
        lines.append(_line(f"mean of {len(own)}", label, _values(own), own[0].true))
        lines += _learned(own, label)
    lines += [f"{'median':20} {label:24} {_median_ms(results, label):.1f} ms a frame" for label in labels]
    return lines + [_behind(results, label) for label in labels if label != BASE and BASE in labels and results[0].true]


def _learned(own: Sequence[Result], label: str) -> list[str]:
    """Return LPIPS, mean of clips, and VFID, over clips, if they were measured."""
    words = [result.score.lpips for result in own if result.score.lpips is not None]
    lines = [f"{'LPIPS':20} {label:24} {mean(words):.4f}"] if words else []
    pairs = [result.features for result in own if result.features is not None]
    if pairs:
        true, filled = (np.stack(side) for side in zip(*pairs, strict=True))
        lines.append(f"{'VFID':20} {label:24} {frechet(true, filled):.3f}")
    return lines


def write_json(results: Sequence[Result], setting: Setting, path: Path) -> None:
    """Write everything."""
    rows = [dataclasses.asdict(dataclasses.replace(result, features=None)) for result in results]
    path.write_text(json.dumps({"setting": dataclasses.asdict(setting), "results": rows}, indent=1) + "\n")


def _median_ms(results: Sequence[Result], label: str) -> float:
    return median(result.milliseconds for result in results if result.engine == label)


def _behind(results: Sequence[Result], label: str) -> str:
    base = {result.clip: _known(result.score.psnr) for result in results if result.engine == BASE}
    gains = {result.clip: _known(result.score.psnr) - base[result.clip] for result in results if result.engine == label}
    behind = [f"{clip} {gain:+.2f}" for clip, gain in sorted(gains.items(), key=lambda pair: pair[1]) if gain < 0]
    return f"{label}: behind {BASE} on {len(behind)} of {len(gains)} clips{': ' if behind else ''}{', '.join(behind)}"


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


_COLUMNS: tuple[Callable[[ClipScore], float | None], ...] = (
    lambda score: score.psnr,
    lambda score: score.ssim,
    lambda score: score.hole_psnr,
    lambda score: score.gradient,
    lambda score: score.true_gradient,
    lambda score: score.flicker.hole,
    lambda score: score.flicker.ring,
)


def _values(results: Sequence[Result]) -> list[float]:
    """Return the means of the columns over clips, and of the time."""
    values = []
    for column in _COLUMNS:
        found = [value for value in (column(result.score) for result in results) if value is not None]
        values.append(mean(found) if found else float("nan"))
    return [*values, mean(result.milliseconds for result in results)]


def _line(clip: str, engine: str, values: Sequence[float], true: bool) -> str:
    psnr, ssim, hole, gradient, ideal, flicker, ring, took = values
    distance = f"{psnr:6.2f} {ssim:6.4f} {hole:6.2f}" if true else f"{'-':>6} {'-':>6} {'-':>6}"
    wanted = f"{ideal:5.2f}" if true else f"{'-':>5}"
    ratio = flicker / ring if ring else float("nan")
    rest = f"{gradient:5.2f} {wanted} {1000 * flicker:7.3f} {1000 * ring:7.3f} {ratio:6.2f} {took:7.1f}"
    return f"{clip:20} {engine:24} {distance} {rest}"
