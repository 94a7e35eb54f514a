from dataclasses import replace

import cv2
import numpy as np
import pytest

from stages.errors import OptionError, PromptError
from stages.segment.config import SegmentConfig
from stages.segment.everything import make_targets
from stages.segment.prompts import Prompts
from stages.segment.segment import segment
from stages.segment.view import View
from stages.segment.words import parse_object_box
from transport.messages import Box, Frame, MaskedFrame, Packet, PictureFormat, StreamInfo

WIDTH, HEIGHT = 96, 64
PICTURE = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="yuv420p")
EXACT = SegmentConfig(dilate=0, feather=0)


def scene(seed, size=(HEIGHT, WIDTH)):
    noise = np.random.default_rng(seed).normal(0, 1, size).astype(np.float32)
    smooth = sum(s * cv2.GaussianBlur(noise, (0, 0), s) for s in (1.5, 3, 6))
    return cv2.normalize(smooth, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def frame(seq, luma=None, picture=PICTURE):
    luma = np.full((HEIGHT, WIDTH), 99, np.uint8) if luma is None else luma
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return Frame(seq=seq, pts=seq * 10, duration=10, key=seq == 0, format=picture, planes=(luma, chroma, chroma))


def info():
    return StreamInfo(
        stream="test", epoch=0, format=PICTURE, time_base=(1, 250), frame_rate=(25, 1), codec="ffv1",
        container="matroska", frames=0, bit_rate=0, metadata={}, video_metadata={}, disposition=0, sides=(),
        attachments=(), chapters=(),
    )  # fmt: skip


def packet(pts):
    return Packet(
        index=1, pts=pts, dts=pts, duration=1, time_base=(1, 50), key=True, discard=False,
        data=np.zeros(3, np.uint8), side_data={},
    )  # fmt: skip


def alpha(masked):
    """The mask as a whole picture."""
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    box = masked.mask.box
    whole[box.y : box.y + box.height, box.x : box.x + box.width] = masked.mask.alpha
    return whole


def save_masks(folder, masks):
    for i, mask in enumerate(masks):
        assert cv2.imwrite(str(folder / f"{i}.png"), mask)
    return Prompts(mask=str(folder))


def rectangle(x, y, width, height):
    values = np.zeros((HEIGHT, WIDTH), np.uint8)
    values[y : y + height, x : x + width] = 255
    return values


def test_every_item_comes_out_once_in_place_and_only_frames_change():
    items = [info(), packet(0), frame(0), packet(1), packet(2), frame(1), frame(2), packet(3)]
    out = list(segment(items, Prompts(regions=(Box(x=2, y=2, width=4, height=4),)), EXACT))
    assert len(out) == len(items)
    for before, after in zip(items, out, strict=True):
        assert (after.frame if isinstance(after, MaskedFrame) else after) is before
    assert all(masked.emit and masked.shot == 0 for masked in out if isinstance(masked, MaskedFrame))


def test_a_frame_is_answered_before_the_next_is_asked_for():
    taken = []
    stream = segment((taken.append(i) or frame(i) for i in range(5)), Prompts(), EXACT)
    next(stream)
    assert taken == [0]


def test_no_prompt_removes_nothing():
    assert all(masked.mask.empty for masked in segment([frame(0), frame(1)], Prompts(), SegmentConfig()))


def test_several_prompts_are_united(tmp_path):
    given = rectangle(40, 40, 6, 6)
    prompts = Prompts(
        regions=(
            Box(x=60, y=10, width=10, height=12),
            Box(x=0, y=0, width=8, height=4),
            Box(x=4, y=2, width=8, height=4),
        ),
        mask=save_masks(tmp_path, [given]).mask,
    )
    [masked] = segment([frame(0, scene(0))], prompts, EXACT)
    expected = given | rectangle(0, 0, 8, 4) | rectangle(4, 2, 8, 4) | rectangle(60, 10, 10, 12)
    assert np.array_equal(alpha(masked), expected)


def test_a_given_mask_is_widened_and_feathered(tmp_path):
    [masked] = segment([frame(0)], save_masks(tmp_path, [rectangle(40, 30, 1, 1)]), SegmentConfig(dilate=3, feather=2))
    row = alpha(masked)[30, 32:50].tolist()
    assert row == [0, 0, 1, 85, 170, 255, 255, 255, 255, 255, 255, 255, 170, 85, 0, 0, 0, 0]


def test_masks_with_the_same_outline_may_differ_inside(tmp_path):
    whole, hollow = rectangle(10, 10, 20, 20), rectangle(10, 10, 20, 20) - rectangle(14, 14, 8, 8)
    out = list(segment([frame(i) for i in range(3)], save_masks(tmp_path, [whole, hollow, hollow]), EXACT))
    assert np.array_equal(alpha(out[0]), whole)
    assert out[1].mask.alpha.tolist() == out[2].mask.alpha.tolist()
    assert alpha(out[1])[18, 18] == 0


def test_a_mask_is_held_after_the_prompt_left(tmp_path):
    masks = [rectangle(10, 10, 4, 4), rectangle(30, 10, 4, 4), rectangle(0, 0, 0, 0), rectangle(0, 0, 0, 0)]
    config = SegmentConfig(dilate=0, feather=0, hold=1)
    out = list(segment([frame(i) for i in range(4)], save_masks(tmp_path, masks), config))
    assert np.array_equal(alpha(out[0]), masks[0])
    assert np.array_equal(alpha(out[1]), masks[0] | masks[1])
    assert np.array_equal(alpha(out[2]), masks[1])
    assert out[3].mask.empty


def test_shots_are_counted_and_nothing_is_held_across_a_cut(tmp_path):
    first, second = scene(1), scene(2)
    masks = [rectangle(10, 10, 4, 4)] * 3 + [rectangle(0, 0, 0, 0)] * 3
    config = SegmentConfig(dilate=0, feather=0, hold=9)
    frames = [frame(i, first if i < 3 else second) for i in range(6)]
    out = list(segment(frames, save_masks(tmp_path, masks), config))
    assert [masked.shot for masked in out] == [0, 0, 0, 1, 1, 1]
    assert [masked.mask.empty for masked in out] == [False] * 3 + [True] * 3


def test_a_live_source_that_was_away_begins_a_shot_and_frames_that_were_let_go_do_not():
    times = {7: 100.0, 8: 100.04, 11: 100.16, 12: 109.0, 13: 109.04}
    frames = [replace(frame(seq), captured=captured) for seq, captured in times.items()]
    assert [masked.shot for masked in segment(frames, Prompts(), EXACT)] == [0, 0, 0, 1, 1]


def test_frames_before_an_unreadable_mask_are_out(tmp_path):
    prompts = save_masks(tmp_path, [rectangle(1, 1, 9, 9)] * 4)
    (tmp_path / "2.png").write_bytes(b"no picture")
    stream = segment([frame(i) for i in range(4)], prompts, EXACT)
    assert [next(stream).frame.seq, next(stream).frame.seq] == [0, 1]
    with pytest.raises(PromptError, match=r"2\.png .*frame 2"):
        next(stream)


def test_too_many_masks_are_only_warned_of(tmp_path, caplog):
    prompts = save_masks(tmp_path, [rectangle(1, 1, 9, 9)] * 4)
    assert len(list(segment([frame(i) for i in range(3)], prompts, EXACT))) == 3
    assert caplog.messages == [f"masks {tmp_path} go on after the last frame, 2"]


def test_a_box_outside_the_picture_is_refused_at_the_first_frame():
    stream = segment([info(), frame(0)], Prompts(objects=(parse_object_box("500,0,9,9"),)), EXACT)
    assert isinstance(next(stream), StreamInfo)
    with pytest.raises(PromptError, match="lies outside the picture, which is 96x64"):
        next(stream)


def test_a_picture_may_be_a_fixed_region(tmp_path):
    assert cv2.imwrite(str(tmp_path / "logo.png"), rectangle(3, 4, 5, 6))
    prompts = Prompts(region_masks=(str(tmp_path / "logo.png"),))
    for masked in segment([frame(0), frame(1)], prompts, EXACT):
        assert np.array_equal(alpha(masked), rectangle(3, 4, 5, 6) | (alpha(masked) == 1))


def test_a_region_of_nothing_is_refused(tmp_path):
    assert cv2.imwrite(str(tmp_path / "logo.png"), rectangle(3, 4, 5, 6) // 3)
    stream = segment([frame(0)], Prompts(region_masks=(str(tmp_path / "logo.png"),)), EXACT)
    with pytest.raises(PromptError, match=r"region .*logo\.png is dark all over"):
        next(stream)


@pytest.mark.parametrize(
    "wrong", [{"dilate": -1}, {"feather": 513}, {"hold": 255}, {"cut": 1.5}, {"cut": float("nan")}]
)
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(OptionError, match=f"{next(iter(wrong))} is .*, it must be from 0 to"):
        SegmentConfig(**wrong)


def test_every_kind_of_picture_gets_its_mask():
    for pixel_format, width in (("gray", 1), ("rgb24", 3)):
        picture = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format=pixel_format)
        plane = np.zeros((HEIGHT, WIDTH * width), np.uint8)
        one = Frame(seq=0, pts=0, duration=1, key=True, format=picture, planes=(plane,))
        [masked] = segment([one], Prompts(regions=(Box(x=3, y=5, width=7, height=9),)), EXACT)
        assert np.array_equal(alpha(masked), rectangle(3, 5, 7, 9))


def test_where_something_is_pointed_at_in_a_shot_nothing_is_filled_from_the_frames_before():
    prompts = Prompts(objects=(parse_object_box("10,10,20,20@2f"),))
    out = list(segment([frame(seq, scene(1)) for seq in range(4)], prompts, EXACT))
    assert [masked.shot for masked in out] == [0, 0, 1, 1]


@pytest.mark.parametrize(("effects", "rows"), [((), [0]), (("shadow",), [0, 1])])
def test_two_things_that_move_apart_are_two_where_each_may_cast_something(effects, rows):
    [target] = make_targets(("moving",), SegmentConfig(effects=effects))
    for seq in range(12):
        luma = scene(1)
        luma[10:22, 4 + seq : 16 + seq] = 255
        luma[40:52, 80 - seq : 92 - seq] = 0
        found = target.step(View(frame(seq, luma)))
    assert sorted(spot.box.y // 20 for spot in found) == rows
