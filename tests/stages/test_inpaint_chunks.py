"""Chunks: every frame is emitted once, and each chunk sees what it needs and holds no more."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.inpaint.chunks import ChunkPlan, chunked
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

FORMAT = PictureFormat(width=2, height=2, pixel_format="gray")
EMPTY = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
PLANS = st.builds(ChunkPlan, length=st.integers(1, 9), lead_in=st.integers(0, 12), look_ahead=st.integers(0, 6))


def masked(seq: int) -> MaskedFrame:
    plane = np.full((2, 2), seq, np.uint8)
    frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=FORMAT, planes=(plane,))
    return MaskedFrame(frame=frame, mask=EMPTY, shot=0, emit=True)


def cut(frames: Iterable[MaskedFrame], plan: ChunkPlan) -> list[list[tuple[int, bool]]]:
    return [[(each.frame.seq, each.emit) for each in chunk] for chunk in chunked(frames, plan)]


@given(count=st.integers(0, 40), plan=PLANS)
def test_every_chunk_sees_what_it_needs_and_emits_its_own(count: int, plan: ChunkPlan) -> None:
    starts = range(0, count, plan.length)
    expected = [
        [
            (seq, start <= seq < start + plan.length)
            for seq in range(count)
            if start - plan.lead_in <= seq < start + plan.length + plan.look_ahead
        ]
        for start in starts
    ]
    assert cut((masked(seq) for seq in range(count)), plan) == expected


def test_a_chunk_that_is_not_read_to_its_end_does_not_disturb_the_next() -> None:
    plan = ChunkPlan(length=4, lead_in=2, look_ahead=1)
    first = [next(chunk).frame.seq for chunk in chunked((masked(seq) for seq in range(12)), plan)]
    assert first == [0, 2, 6]


def test_frames_are_given_on_as_they_come() -> None:
    taken: list[int] = []

    def source() -> Iterator[MaskedFrame]:
        for seq in range(20):
            taken.append(seq)
            yield masked(seq)

    chunk = next(chunked(source(), ChunkPlan(length=8, lead_in=3, look_ahead=2)))
    for expected in range(10):
        assert next(chunk).frame.seq == expected
        assert taken == list(range(expected + 1))


def test_no_more_is_held_than_the_overlap_of_two_chunks() -> None:
    alive: set[int] = set()
    most = 0

    class Watched(np.ndarray[tuple[int, int], np.dtype[np.uint8]]):
        def __del__(self) -> None:
            if self.base is None:
                alive.discard(id(self))

    def source() -> Iterator[MaskedFrame]:
        nonlocal most
        for seq in range(60):
            plane = Watched((2, 2), np.uint8)
            alive.add(id(plane))
            frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=FORMAT, planes=(plane,))
            del plane
            yield MaskedFrame(frame=frame, mask=EMPTY, shot=0, emit=True)
            del frame
            most = max(most, len(alive))

    for chunk in chunked(source(), ChunkPlan(length=10, lead_in=4, look_ahead=3)):
        for each in chunk:
            del each
    assert most <= 4 + 3 + 1 + 1


def test_a_plan_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 frame"):
        ChunkPlan(length=0, lead_in=0, look_ahead=0)
