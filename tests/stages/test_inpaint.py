"""The inpaint stage with engines that only write down what they were asked."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from stages.errors import OptionError
from stages.inpaint.engine import EngineKind, EngineOptions, Picture, Reach
from stages.inpaint.engines import ENGINES, find_engine
from stages.inpaint.inpaint import inpaint
from stages.pixels import Pixels
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

FORMAT = PictureFormat(width=8, height=6, pixel_format="yuv420p")
HOLE = Mask(box=Box(x=2, y=2, width=4, height=2), alpha=np.full((2, 4), 255, np.uint8))
UNTAUGHT = [name for name in ENGINES if name not in ("vinet", "sttn")]  # weights are needed for those
NONE = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


def masked(seq: int, *, shot: int = 0, emit: bool = True, mask: Mask = HOLE) -> MaskedFrame:
    planes = tuple(np.full(shape, seq, np.uint8) for shape in ((6, 8), (3, 4), (3, 4)))
    frame = Frame(seq=seq, pts=10 * seq, duration=1, key=False, format=FORMAT, planes=planes)
    return MaskedFrame(frame=frame, mask=mask, shot=shot, emit=emit)


class Diary:
    """An engine that notes the windows it is shown, and fills with the number of frames it has filled before."""

    def __init__(self, windows: list[tuple[int, ...]]) -> None:
        self.windows = windows
        self.filled = 0

    def fill(self, window: Sequence[Picture]) -> Pixels:
        self.windows.append(tuple(picture.seq for picture in window))
        self.filled += 1
        return np.full((2, 4, 3), self.filled - 1, np.float32)


def diary(windows: list[tuple[int, ...]], offsets: tuple[int, ...] = (-1, 0, 2)) -> EngineKind:
    return EngineKind(reach=Reach(offsets=offsets), state_bytes=lambda picture: 0, start=lambda: Diary(windows))


def test_every_frame_comes_out_once_in_order_with_its_patch() -> None:
    frames = [masked(seq) for seq in range(7)]
    clean = list(inpaint(frames, diary([])))
    assert [each.frame for each in clean] == [each.frame for each in frames]
    for number, each in enumerate(clean):
        assert each.patch.mask is HOLE
        assert each.patch.pixels is not None
        assert each.patch.pixels.tolist() == [[number] * 12] * 2


def test_a_frame_without_a_hole_is_passed_on_and_not_looked_into() -> None:
    seen: list[tuple[int, ...]] = []
    frames = [masked(0), masked(1, mask=NONE), masked(2)]
    clean = list(inpaint(frames, diary(seen, offsets=(0,))))
    assert seen == [(0,), (2,)]
    assert clean[1].patch.pixels is None
    assert clean[1].frame is frames[1].frame


def test_a_window_never_crosses_a_cut_and_the_state_starts_anew() -> None:
    seen: list[tuple[int, ...]] = []
    frames = [masked(seq, shot=int(seq >= 3)) for seq in range(6)]
    clean = list(inpaint(frames, diary(seen)))
    assert seen == [(1, 0, 2), (0, 1, 1), (1, 2, 0), (4, 3, 5), (3, 4, 4), (4, 5, 3)]
    assert [int(each.patch.pixels[0, 0]) for each in clean if each.patch.pixels is not None] == [0, 1, 2, 0, 1, 2]


def test_the_lead_in_is_filled_but_not_emitted_and_the_look_ahead_is_neither() -> None:
    seen: list[tuple[int, ...]] = []
    frames = [masked(seq, emit=2 <= seq < 5, shot=int(seq > 5)) for seq in range(8)]
    clean = list(inpaint(frames, diary(seen, offsets=(0, 1))))
    assert [each.frame.seq for each in clean] == [2, 3, 4]
    assert [window[0] for window in seen] == [0, 1, 2, 3, 4]
    assert [int(each.patch.pixels[0, 0]) for each in clean if each.patch.pixels is not None] == [2, 3, 4]


def test_a_frame_leaves_as_soon_as_its_window_is_full() -> None:
    taken: list[int] = []

    def source() -> Iterator[MaskedFrame]:
        for seq in range(9):
            taken.append(seq)
            yield masked(seq)

    stream = inpaint(source(), diary([]))
    for seq in range(5):
        assert next(stream).frame.seq == seq
        assert taken[-1] == seq + 2


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="no engine 'magic'; the known ones are propagate, vinet, sttn, telea, blank"):
        find_engine("magic")


def test_an_unknown_fill_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="no fill 'nice'; the known ones are sharp, faithful"):
        EngineOptions(fill="nice")


@pytest.mark.parametrize("frames", [-1, 7])
def test_a_look_ahead_that_no_engine_has_is_refused_with_its_bounds(frames: int) -> None:
    with pytest.raises(OptionError, match=f"look-ahead is {frames}, it must be from 0 to 6 frames"):
        EngineOptions(look_ahead=frames)


@pytest.mark.parametrize("frames", range(7))
def test_the_default_engine_looks_as_far_ahead_as_it_is_told(frames: int) -> None:
    reach = find_engine("propagate", EngineOptions(look_ahead=frames)).reach
    assert reach.look_ahead == frames
    assert reach.offsets == (-1, *range(frames + 1))
    assert reach.lead_in >= 6


@pytest.mark.parametrize("name", ["telea", "blank"])
def test_an_engine_that_looks_at_no_neighbours_never_waits_for_them(name: str) -> None:
    assert {find_engine(name, EngineOptions(look_ahead=frames)).reach.offsets for frames in range(7)} == {(0,)}


@pytest.mark.parametrize("name", UNTAUGHT)
def test_an_engine_says_truly_how_far_it_looks(name: str) -> None:
    offsets = find_engine(name).reach.offsets
    assert offsets == tuple(sorted(set(offsets)))
    assert 0 in offsets
    assert offsets[-1] <= 6
    assert find_engine(name).state_bytes(FORMAT) >= 0


@pytest.mark.parametrize("name", UNTAUGHT)
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "nv12", "rgb24", "gbrp12le", "gray", "p010le"])
@pytest.mark.parametrize("working", [0, 11])
def test_an_engine_fills_any_format_at_any_working_size(name: str, pixel_format: str, working: int) -> None:
    clip = list(noise(pixel_format, 32, 20, 4))
    clean = list(inpaint(clip, find_engine(name, EngineOptions(working=working))))
    assert [each.frame.seq for each in clean] == [0, 1, 2, 3]
    assert all(
        each.patch.pixels is not None and each.patch.pixels.dtype == clip[0].frame.planes[0].dtype for each in clean
    )


@pytest.mark.parametrize("name", UNTAUGHT)
@pytest.mark.parametrize(("width", "height"), [(16, 16), (17, 23), (2, 2), (1, 1), (64, 3)])
@pytest.mark.parametrize("working", [0, 5])
def test_an_engine_fills_any_size_even_when_everything_is_covered(
    name: str, width: int, height: int, working: int
) -> None:
    clip = [covered(each) for each in noise("yuv420p", width, height, 3)]
    for each in inpaint(clip, find_engine(name, EngineOptions(working=working))):
        assert each.patch.pixels is not None
        pixels = each.patch.pixels.reshape(height, width, 3).astype(int)
        assert pixels.min() == pixels.max() == 128


def noise(pixel_format: str, width: int, height: int, count: int) -> Iterator[MaskedFrame]:
    from stages.pixels import layout, plane_shapes

    random = np.random.default_rng(7)
    picture = PictureFormat(width=width, height=height, pixel_format=pixel_format)
    lay = layout(pixel_format)
    for seq in range(count):
        planes = tuple(
            (random.integers(0, 1 << lay.bits, shape) << lay.up).astype(lay.dtype) for shape in plane_shapes(picture)
        )
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes)
        box = Box(x=0, y=4, width=min(12, width), height=min(8, max(height - 4, 0)))
        yield MaskedFrame(frame=frame, mask=full(box) if box.height else NONE, shot=0, emit=True)


def covered(each: MaskedFrame) -> MaskedFrame:
    picture = each.frame.format
    mask = full(Box(x=0, y=0, width=picture.width, height=picture.height))
    return MaskedFrame(frame=each.frame, mask=mask, shot=0, emit=True)


def full(box: Box) -> Mask:
    return Mask(box=box, alpha=np.full((box.height, box.width), 255, np.uint8))
