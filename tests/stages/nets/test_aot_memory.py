"""What AOT remembers: bounded, the user's word first, the rest spread over all ages."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the networks need the extra `learned`")

from stages.nets.aot.memory import Memory, Remembered  # noqa: E402

PLACES, BLOCKS = 2, 3


def frame(time, pointed=()):
    """A frame whose every number is its time."""
    tokens = torch.full((1, PLACES, 4), float(time))
    labels = torch.zeros(1, 8, 8, dtype=torch.uint8)
    return Remembered(time=time, labels=labels, layers=((tokens, -tokens),) * BLOCKS, pointed=frozenset(pointed))


def times(memory):
    return [held.time for held in memory.frames]


def untouched(held):
    return held


@settings(max_examples=50)
@given(st.integers(1, 8), st.integers(1, 300))
def test_of_every_age_there_is_a_frame_to_a_factor_of_two(room, count):
    memory = Memory(room)
    for time in range(1, count + 1):
        memory.find(frame(time))
    ages = [count - time for time in times(memory)][::-1]
    assert len(ages) <= room
    assert ages[0] == 0
    assert all(newer < older for newer, older in itertools.pairwise(ages))
    for power in range(min(room, count.bit_length()) - 1):
        assert any(2**power <= age + 1 <= 2 ** (power + 1) for age in ages)
    assert ages[-1] < 2**room


@given(st.lists(st.tuples(st.sampled_from(["find", "point", "forget"]), st.integers(1, 4)), max_size=60))
def test_what_the_user_said_first_and_last_of_each_object_is_kept(events):
    memory, said = Memory(3), {}
    memory.point(frame(0, [1]))
    said[1] = [0]
    for time, (event, identity) in enumerate(events, start=1):
        if event == "find":
            memory.find(frame(time))
        elif event == "point":
            memory.point(frame(time, [identity]))
            said.setdefault(identity, []).append(time)
        else:
            memory.forget(identity, untouched)
            said.pop(identity, None)
    pointed = {held.time for held in memory.frames if held.pointed}
    assert pointed == {end for spoken in said.values() for end in (spoken[0], spoken[-1])}
    assert len([held for held in memory.frames if not held.pointed]) <= 3
    assert times(memory) == sorted(times(memory))


def test_what_is_attended_to_is_what_is_held_in_one_piece():
    memory = Memory(2)
    memory.point(frame(1, [1]))
    for time in (5, 6, 7):
        memory.find(frame(time))
    assert times(memory) == [1, 6, 7]
    for key, value in memory.layers:
        assert key[0, :, 0].tolist() == [1, 1, 6, 6, 7, 7]
        assert torch.equal(value, -key)
    assert len(memory.layers) == BLOCKS
    for held in memory.frames:
        assert held.layers[0][0].untyped_storage().data_ptr() == memory.layers[0][0].untyped_storage().data_ptr()


def test_pointing_at_a_second_object_in_the_same_frame_makes_one_frame_of_both():
    memory = Memory(2)
    memory.point(frame(4, [1]))
    memory.point(frame(4, [2]))
    assert [(held.time, held.pointed) for held in memory.frames] == [(4, {1, 2})]


def test_a_correction_lets_go_of_what_was_found():
    memory = Memory(4)
    memory.point(frame(0, [1]))
    for time in range(1, 6):
        memory.find(frame(time))
    memory.point(frame(5, [1]))
    assert times(memory) == [0, 5]


def test_without_room_nothing_is_found():
    memory = Memory(0)
    memory.point(frame(0, [1]))
    memory.find(frame(1))
    assert times(memory) == [0]
    assert memory.latest == 0


def test_two_thousand_frames_and_corrections_take_no_more_than_a_few():
    memory = Memory(5)
    for time in range(2000):
        if time % 50:
            memory.find(frame(time))
        else:
            memory.point(frame(time, [1 + time // 50 % 3]))
    assert len(memory.frames) == 2 * 3 + 5
    assert [key.shape for key, _ in memory.layers] == [(1, PLACES * len(memory.frames), 4)] * BLOCKS
    assert all(key.untyped_storage().nbytes() == key.numel() * 4 for key, _ in memory.layers)
