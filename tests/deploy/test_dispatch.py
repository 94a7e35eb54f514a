"""The dispatcher alone, with replicas that are a few lines of test: order, death, memory."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.dispatch import Dispatcher
from stages.errors import OptionError
from stages.inpaint.chunks import ChunkPlan
from transport.messages import Box, Frame, Mask, MaskedFrame, PictureFormat

PICTURE = PictureFormat(width=4, height=4, pixel_format="gray")
NOTHING = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))


def masked(seq: int) -> MaskedFrame:
    planes = (np.zeros((4, 4), np.uint8),)
    frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes)
    return MaskedFrame(frame=frame, mask=NOTHING, shot=0, emit=True)


def simulate(total: int, plan: ChunkPlan, replicas: int, budget: int, deaths: int, seed: int) -> Dispatcher:
    """Run a stream through a dispatcher with replicas that die at random; check it all the way."""
    dice, dispatcher = random.Random(seed), Dispatcher(plan, budget)
    names = [f"inpaint-{index}" for index in range(replicas)]
    got: dict[str, list[tuple[int, bool]]] = {}
    patches: set[int] = set()
    for name in names:
        dispatcher.join(name)
    added = upto = 0
    for _ in range(100_000):
        if dispatcher.complete:
            break
        if added < total and dispatcher.fits(1):
            dispatcher.add(masked(added), 1)
            dispatcher.forwarded(added)
            added += 1
            if added == total:
                dispatcher.end()
        name = dice.choice(names)
        if deaths and dice.random() < 0.02:
            deaths -= 1
            dispatcher.lose(name)
            got.pop(name, None)
            dispatcher.join(name)
        _serve(dispatcher, name, got, patches, total)
        while upto in patches:
            upto += 1
        if dice.random() < 0.3:
            dispatcher.received(upto)
        assert dispatcher.held <= budget
    assert dispatcher.complete
    assert patches == set(range(total))
    assert dispatcher.held == 0
    return dispatcher


def _serve(
    dispatcher: Dispatcher, name: str, got: dict[str, list[tuple[int, bool]]], patches: set[int], total: int
) -> None:
    order = dispatcher.order(name)
    if order is None:
        return
    frames = got.setdefault(name, [])
    if order.masked is None:
        needed = dispatcher.plan.needed(order.chunk)
        own = dispatcher.plan.emitted(order.chunk)
        whole = [(seq, seq in own) for seq in needed if seq < total]
        assert frames == whole or (frames == whole[: len(frames)] and patches.issuperset(s for s in own if s < total))
        patches.update(seq for seq, emit in frames if emit)
        dispatcher.end_chunk(name)
        got[name] = []
        dispatcher.done(name, order.chunk)
    else:
        frames.append((order.masked.frame.seq, order.masked.emit))
        dispatcher.sent(name)


@given(
    st.integers(0, 60),
    st.integers(1, 12),
    st.integers(0, 8),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(0, 6),
    st.integers(0, 1000),
)
def test_every_frame_is_filled_whoever_dies(
    total: int, length: int, lead_in: int, look_ahead: int, replicas: int, deaths: int, seed: int
) -> None:
    plan = ChunkPlan(length=length, lead_in=lead_in, look_ahead=look_ahead)
    if total == 0:
        dispatcher = Dispatcher(plan, 1)
        dispatcher.end()
        assert dispatcher.complete
        return
    simulate(total, plan, replicas, length + lead_in + look_ahead, deaths, seed)


def test_a_budget_that_cannot_hold_one_chunk_is_refused_with_the_number_that_would_do() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=10, lead_in=6, look_ahead=6), 12)
    with pytest.raises(OptionError, match="16 would do"):
        for seq in range(20):
            assert dispatcher.fits(1)
            dispatcher.add(masked(seq), 1)
            dispatcher.forwarded(seq)


def test_replicas_work_on_different_chunks_at_the_same_time() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=2, look_ahead=2), 100)
    for name in ("a", "b"):
        dispatcher.join(name)
    for seq in range(10):
        dispatcher.add(masked(seq), 1)
    first, second = dispatcher.order("a"), dispatcher.order("b")
    assert first is not None
    assert second is not None
    assert (first.chunk, second.chunk) == (0, 1)
    assert second.masked is not None
    assert second.masked.frame.seq == 2
    assert not second.masked.emit


def test_the_chunk_of_a_dead_replica_comes_before_new_ones() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=0, look_ahead=0), 100)
    dispatcher.join("a")
    dispatcher.join("b")
    for seq in range(12):
        dispatcher.add(masked(seq), 1)
    for name in ("a", "b"):
        dispatcher.order(name)
        dispatcher.sent(name)
    dispatcher.lose("a")
    dispatcher.join("c")
    order = dispatcher.order("c")
    assert order is not None
    assert order.chunk == 0
    assert dispatcher.redispatched == 1


def test_a_replica_whose_patches_wait_for_a_returned_chunk_does_not_get_that_chunk() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=0, look_ahead=0), 100)
    for name in ("a", "b"):
        dispatcher.join(name)
    for seq in range(12):
        dispatcher.add(masked(seq), 1)
        dispatcher.forwarded(seq)
    for name in ("a", "b"):
        dispatcher.order(name)
    dispatcher.done("b", 1)
    dispatcher.lose("a")
    assert dispatcher.order("b") is None
    dispatcher.join("a")
    order = dispatcher.order("a")
    assert order is not None
    assert order.chunk == 0


def test_a_chunk_is_missed_while_encode_waits_for_it_and_nobody_has_it() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=0, look_ahead=0), 100)
    for name in ("a", "b", "c"):
        dispatcher.join(name)
    for seq in range(12):
        dispatcher.add(masked(seq), 1)
        dispatcher.forwarded(seq)
    for name in ("a", "b", "c"):
        dispatcher.order(name)
    assert dispatcher.furthest == "c"
    dispatcher.lose("b")
    assert not dispatcher.is_missed, "encode waits for the chunk of a"
    dispatcher.received(4)
    assert dispatcher.is_missed
    dispatcher.lose("c")
    dispatcher.join("c")
    order = dispatcher.order("c")
    assert order is not None
    assert order.chunk == 1
    assert not dispatcher.is_missed


def test_a_replica_that_comes_back_under_its_name_gives_up_what_it_had() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=0, look_ahead=0), 100)
    dispatcher.join("a")
    dispatcher.add(masked(0), 1)
    dispatcher.order("a")
    dispatcher.join("a")
    order = dispatcher.order("a")
    assert order is not None
    assert order.chunk == 0


def test_a_finished_chunk_that_encode_does_not_have_yet_is_given_out_again_when_its_replica_dies() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=2, lead_in=0, look_ahead=0), 100)
    dispatcher.join("a")
    for seq in range(2):
        dispatcher.add(masked(seq), 1)
        dispatcher.order("a")
        dispatcher.sent("a")
    dispatcher.done("a", 0)
    dispatcher.lose("a")
    dispatcher.join("b")
    order = dispatcher.order("b")
    assert order is not None
    assert order.chunk == 0
