"""The default engine on little scenes whose truth is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stages.inpaint.engine import DEFAULTS, EngineKind, EngineOptions
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.inpaint.propagate.engine import Propagate
from stages.inpaint.propagate.sizes import LONG
from stages.pixels import blend, frame_bytes, layout, plane_shapes
from transport.messages import Box, CleanFrame, Frame, Mask, MaskedFrame, PictureFormat, Plane

WIDTH, HEIGHT = 128, 96
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A clip with an object before a known background."""

    truth: list[tuple[Plane, ...]]
    frames: list[MaskedFrame]


def texture(width: int, height: int, channels: int, seed: int = 3) -> Image:
    """Blobs of several sizes: something for a flow to hold on to."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width, channels))
    for size, weight in ((2, 25), (6, 40), (24, 60)):
        coarse = random.standard_normal((height // size + 2, width // size + 2, channels)).astype(np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).reshape(total.shape)
    return np.clip(128 + total, 0, 255).astype(np.uint8)


def planes_of(image: Image, picture: PictureFormat) -> tuple[Plane, ...]:
    """Lay an (H, W, 3) image out as a format wants it, chroma by taking every second sample."""
    lay = layout(picture.pixel_format)
    planes = []
    for letters, shape in zip(lay.planes, plane_shapes(picture), strict=True):
        plane = np.zeros(shape, lay.dtype)
        for offset, letter in enumerate(letters):
            across, down = lay.shift if letter in "UV" else (0, 0)
            samples = image[:: 1 << down, :: 1 << across, lay.components.index(letter)]
            plane[:, offset :: len(letters)] = samples.astype(lay.dtype) << (lay.bits - 8)
        planes.append(plane)
    return tuple(planes)


def scene(
    background: Callable[[int], Image],
    hole: Callable[[int], Box],
    count: int = 16,
    pixel_format: str = "yuv420p",
    colour: tuple[int, int, int] = (200, 250, 250),
) -> Scene:
    """Paint a box of one colour over a background, frame by frame."""
    height, width = background(0).shape[:2]
    picture = PictureFormat(width=width, height=height, pixel_format=pixel_format)
    truth, frames = [], []
    for seq in range(count):
        image, box = background(seq).copy(), hole(seq)
        truth.append(planes_of(image, picture))
        image[box.y : box.y + box.height, box.x : box.x + box.width] = colour
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes_of(image, picture))
        mask = Mask(box=box, alpha=np.full((box.height, box.width), 255, np.uint8))
        frames.append(MaskedFrame(frame=frame, mask=mask, shot=0, emit=True))
    return Scene(truth=truth, frames=frames)


def pan(speed: float) -> Callable[[int], Image]:
    """A camera that moves sideways over a wide texture."""
    wide = texture(WIDTH + 128, HEIGHT, 3)

    def look(seq: int) -> Image:
        shift = np.array([[1, 0, -speed * seq - 8], [0, 1, 0]], np.float32)
        return np.asarray(cv2.warpAffine(wide, shift, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC), np.uint8)

    return look


def still(seq: int) -> Image:
    """A camera that does not move."""
    return texture(WIDTH, HEIGHT, 3)


def moving(seq: int) -> Box:
    """An object that crosses the picture, aligned to the chroma grid."""
    return Box(x=10 + 4 * seq, y=30, width=24, height=32)


def standing(seq: int) -> Box:
    """An object that stays where it is in the picture."""
    return Box(x=50, y=30, width=24, height=32)


def run(frames: list[MaskedFrame], name: str = "propagate", options: EngineOptions = DEFAULTS) -> list[CleanFrame]:
    return list(inpaint(frames, find_engine(name, options)))


def composite(clean: CleanFrame) -> tuple[Plane, ...]:
    mask = clean.patch.mask
    assert clean.patch.pixels is not None
    return blend(clean.frame, mask.box, clean.patch.pixels, mask.alpha)


def error(clean: list[CleanFrame], truth: list[tuple[Plane, ...]]) -> float:
    """Return the PSNR of the brightness within the holes."""
    squares = []
    for each, planes in zip(clean, truth, strict=True):
        box = each.patch.mask.box
        part = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
        squares.append((composite(each)[0][part].astype(float) - planes[0][part]) ** 2)
    return float(10 * np.log10(255**2 / max(np.mean(squares), 1e-9)))


@pytest.mark.parametrize("speed", [3.0, 1.3])
def test_what_a_moving_camera_shows_elsewhere_is_brought_back(speed: float) -> None:
    """Once the hole has moved on by its own width, all of it was seen: sampled once, it is good for over 30 dB."""
    clip = scene(pan(speed), standing, count=28)
    filled, plain = run(clip.frames)[20:], run(clip.frames[20:], "telea")
    assert error(filled, clip.truth[20:]) > 30
    assert error(filled, clip.truth[20:]) > error(plain, clip.truth[20:]) + 10


@pytest.mark.parametrize("pixel_format", ["yuv420p", "nv12", "yuv444p", "yuv422p10le", "rgb24", "gbrp10le"])
def test_what_a_still_camera_uncovers_is_shown_bit_for_bit(pixel_format: str) -> None:
    clip = scene(still, moving, pixel_format=pixel_format)
    for seq, each in enumerate(run(clip.frames)):  # it crosses its own width in the window's six frames
        for plane, truth in zip(composite(each), clip.truth[seq], strict=True):
            assert np.array_equal(plane, truth), seq


def test_what_is_never_seen_is_invented_once_and_comes_to_rest() -> None:
    clip = scene(still, standing, count=40)
    patches = [each.patch.pixels for each in run(clip.frames)]
    changes = []
    for before, after in pairwise(patches):
        assert before is not None
        assert after is not None
        changes.append(int(np.abs(after.astype(int) - before).max()))
    assert max(changes) <= 4
    assert max(changes[10:]) <= 1


def test_what_is_invented_has_the_grain_of_its_surroundings() -> None:
    clip = scene(still, standing, count=1)
    (clean,) = run(clip.frames)
    assert clean.patch.pixels is not None
    invented = clean.patch.pixels.reshape(32, 24, 3)[..., 0].astype(float)
    around = clip.truth[0][0].astype(float)
    assert np.abs(np.diff(invented, axis=1)).mean() > 0.6 * np.abs(np.diff(around, axis=1)).mean()


@pytest.mark.parametrize("background", [still, pan(2.0), pan(0.4)])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "rgb24"])
@pytest.mark.parametrize(("name", "working"), [("propagate", 0), ("propagate", 50), ("telea", 0), ("telea", 50)])
def test_nothing_of_the_object_is_ever_seen(
    background: Callable[[int], Image], pixel_format: str, name: str, working: int
) -> None:
    """The result is the same whatever colour the object has."""
    options = EngineOptions(working=working)
    patches = []
    for colour in ((255, 0, 255), (0, 255, 0)):
        clip = scene(background, moving, count=10, pixel_format=pixel_format, colour=colour)
        patches.append([each.patch.pixels for each in run(clip.frames, name, options)])
    for one, other in zip(*patches, strict=True):
        assert one is not None
        assert np.array_equal(one, other)


def test_nothing_shines_through_a_mask_that_cuts_through_chroma_cells() -> None:
    """An object on odd pixels colours the whole chroma cell; the fill takes nothing from it."""
    results = []
    for colour in (0, 255):
        clip = scene(still, lambda seq: Box(x=20 + 4 * seq, y=30, width=24, height=32), count=8)
        frames = [odd(each, colour) for each in clip.frames]
        results.append([each.patch.pixels for each in run(frames)])
    for one, other in zip(*results, strict=True):
        assert one is not None
        assert np.array_equal(one, other)


def odd(each: MaskedFrame, colour: int) -> MaskedFrame:
    """Mask only the odd middle of a box, and colour every sample that it touches."""
    box = each.mask.box
    alpha = np.zeros((box.height, box.width), np.uint8)
    alpha[3:-3, 3:-3] = 255
    planes = [plane.copy() for plane in each.frame.planes]
    planes[0][box.y + 3 : box.y + box.height - 3, box.x + 3 : box.x + box.width - 3] = colour
    for plane in planes[1:]:
        part = plane[box.y // 2 : (box.y + box.height) // 2, box.x // 2 : (box.x + box.width) // 2]
        part[1:-1, 1:-1] = colour
    old = each.frame
    frame = Frame(seq=old.seq, pts=old.pts, duration=1, key=False, format=old.format, planes=tuple(planes))
    return MaskedFrame(frame=frame, mask=Mask(box=box, alpha=alpha), shot=0, emit=True)


def test_the_same_clip_gives_the_same_bytes_on_any_number_of_threads() -> None:
    threads = cv2.getNumThreads()
    results = []
    try:
        for count in (1, 4):
            cv2.setNumThreads(count)
            results.append([each.patch.pixels for each in run(scene(pan(1.7), moving, count=8).frames)])
    finally:
        cv2.setNumThreads(threads)
    for one, other in zip(*results, strict=True):
        assert one is not None
        assert np.array_equal(one, other)


def test_a_hole_at_the_edge_of_the_picture_is_filled() -> None:
    edges = [Box(x=0, y=0, width=24, height=20), Box(x=WIDTH - 24, y=HEIGHT - 20, width=24, height=20)]
    for box in edges:
        clip = scene(pan(2.0), lambda seq, box=box: box, count=6)  # type: ignore[misc]
        for each in run(clip.frames):
            assert each.patch.pixels is not None
            luma = each.patch.pixels.reshape(20, 24, 3)[..., 0]
            assert luma.max() < 200 or luma.std() > 5


def test_a_hole_that_comes_back_after_whole_frames_is_filled_from_them() -> None:
    clip = scene(still, moving, count=12)
    nothing = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    frames = list(clip.frames)
    for seq in (4, 5, 6):
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=frames[seq].frame.format, planes=clip.truth[seq])
        frames[seq] = MaskedFrame(frame=frame, mask=nothing, shot=0, emit=True)
    for seq, each in enumerate(run(frames)):
        if each.patch.pixels is not None:
            for plane, truth in zip(composite(each), clip.truth[seq], strict=True):
                assert np.array_equal(plane, truth), seq


def test_the_ring_holds_a_bounded_number_of_frames() -> None:
    engines: list[Propagate] = []
    held = {engines[0].frames_held for _ in inpaint(scene(still, standing, count=60).frames, watched(engines))}
    assert held == {LONG + len(find_engine("propagate").reach.offsets)}


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "rgb24"])
def test_the_state_weighs_no_more_than_it_says(pixel_format: str) -> None:
    engines: list[Propagate] = []
    clip = scene(pan(1.0), lambda seq: Box(x=0, y=0, width=WIDTH, height=HEIGHT - 8), 20, pixel_format)
    picture = clip.frames[0].frame.format
    kind = find_engine("propagate")
    stated = kind.state_bytes(picture)
    for _ in inpaint(clip.frames, watched(engines)):
        window = len(kind.reach.offsets) * frame_bytes(picture)
        assert arrays_of(engines[0], set()) <= stated + window
    assert arrays_of(engines[0], set()) > 0.3 * stated


def watched(engines: list[Propagate]) -> EngineKind:
    """Return the default engine, every instance of which is noted."""

    def start() -> Propagate:
        engines.append(Propagate(EngineOptions()))
        return engines[-1]

    return replace(find_engine("propagate"), start=start)


def arrays_of(thing: object, seen: set[int]) -> int:
    """Sum the bytes of all arrays that a thing refers to."""
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        return thing.nbytes if thing.base is None else arrays_of(thing.base, seen)
    if isinstance(thing, dict | list | tuple):
        return sum(arrays_of(each, seen) for each in (thing.values() if isinstance(thing, dict) else thing))
    slots = getattr(thing, "__slots__", ()) or getattr(thing, "__dict__", {})
    return sum(arrays_of(getattr(thing, name), seen) for name in slots)
