"""A frame's planes in, FFmpeg's picture out: the same samples, in another arrangement where the encoder wants one.

Nothing is lost on the way: samples are only moved, repeated (chroma at a finer grid) or shifted up (more bits).
"""

import numpy as np
from av import VideoFrame

from stages.errors import SourceError
from stages.pixels import Layout, component, layout, plane_shapes
from transport.messages import Frame, PictureFormat, Plane


def cost(source: str, target: str) -> int | None:
    """Return how much is added to hold one pixel format's samples in another, 0 for nothing; None if any is lost.

    Alpha may be lost, at a high price: nothing that is composited here uses it.
    """
    try:
        old, new = layout(source), layout(target)
    except SourceError:
        return None
    grey = old.model == "gray" and new.model == "yuv"
    finer = not grey and (new.shift[0] > old.shift[0] or new.shift[1] > old.shift[1])
    if (old.model != new.model and not grey) or finer or new.bits < old.bits:
        return None
    alpha = abs(has_alpha(source) - has_alpha(target)) * (100 if has_alpha(source) else 10)
    chroma = 8 * grey + (0 if grey else 4 * (sum(old.shift) - sum(new.shift)))
    return alpha + chroma + 20 * (new.bits - old.bits) + (old != new) + (source != target)


def neighbours(source: str, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of an encoder's formats that can hold a source's samples without loss, nearest first."""
    prices = {name: price for name in formats if (price := cost(source, name)) is not None}
    return tuple(sorted(prices, key=lambda name: prices[name]))


def arranged(frame: Frame, pixel_format: str) -> tuple[Plane, ...]:
    """Return the frame's samples in the planes of another pixel format that `cost` allows."""
    old, new = layout(frame.format.pixel_format), layout(pixel_format)
    if old == new:
        return frame.planes
    picture = PictureFormat(width=frame.format.width, height=frame.format.height, pixel_format=pixel_format)
    planes: list[Plane] = []
    for letters, (rows, samples) in zip(new.planes, plane_shapes(picture), strict=True):
        shape = (rows, samples // len(letters))
        channels = [_channel(frame, letter, old, new, shape) for letter in letters]
        words: Plane = np.stack(channels, axis=2).reshape(rows, samples)  # type: ignore[assignment]
        planes.append(words)
    return tuple(planes)


def picture(frame: Frame, pixel_format: str) -> VideoFrame:
    """Return the frame as FFmpeg's, with its colour tags, without time stamps."""
    result = VideoFrame(frame.format.width, frame.format.height, pixel_format)
    for plane, samples in zip(result.planes, arranged(frame, pixel_format), strict=True):
        data = np.ascontiguousarray(samples).view(np.uint8)
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
        rows[: data.shape[0], : data.shape[1]] = data
    result.color_range, result.colorspace = frame.format.color_range, frame.format.matrix
    result.color_primaries, result.color_trc = frame.format.primaries, frame.format.transfer
    return result


def has_alpha(pixel_format: str) -> bool:
    """Whether a pixel format has a component for transparency."""
    return any("A" in letters for letters in layout(pixel_format).planes)


def _channel(frame: Frame, letter: str, old: Layout, new: Layout, shape: tuple[int, int]) -> Plane:
    """Return one component's samples on the new grid, in the new words."""
    if not any(letter in letters for letters in old.planes):
        missing = {"A": (1 << new.bits) - 1, "X": 0}.get(letter, 1 << (new.bits - 1))  # opaque, nothing, no colour
        return np.full(shape, missing << new.up, new.dtype)  # type: ignore[return-value]
    samples = component(frame, letter)
    if letter in "UV":
        across, down = old.shift[0] - new.shift[0], old.shift[1] - new.shift[1]
        samples = samples.repeat(1 << down, axis=0).repeat(1 << across, axis=1)[: shape[0], : shape[1]]
    if (old.bits, old.up) == (new.bits, new.up):
        return samples
    words: Plane = (samples >> old.up).astype(new.dtype)  # type: ignore[assignment]
    words <<= new.dtype(new.bits - old.bits + new.up)
    return words
