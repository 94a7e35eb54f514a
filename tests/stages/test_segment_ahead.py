import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import SourceError
from stages.segment.ahead import MOST, MOST_WAITING, Ahead
from tests.stages.test_segment import frame, packet


@given(st.lists(st.booleans(), max_size=40), st.sets(st.integers(0, 40)))
def test_everything_comes_once_and_in_order_however_often_it_was_looked_at_before(kinds, looks):
    items = [frame(i) if is_frame else packet(i) for i, is_frame in enumerate(kinds)]
    stream, out = Ahead(items), []
    for item in stream:
        out.append(item)
        if len(out) in looks:
            coming = [later for later, is_frame in zip(items, kinds, strict=True) if is_frame][: len(items)]
            coming = [later for later in coming if later not in out]
            assert stream.frames() == coming[:MOST]
    assert out == items


def test_what_is_held_is_bounded_even_if_no_frame_follows():
    taken = []
    stream = Ahead(taken.append(i) or packet(i) for i in range(10 * MOST_WAITING))
    next(iter(stream))
    assert stream.frames() == []
    assert len(taken) == 1 + MOST_WAITING


def test_a_source_that_breaks_off_while_it_is_looked_ahead_breaks_off_in_its_turn():
    def source():
        yield from (frame(0), frame(1), frame(2))
        raise SourceError("broken")

    stream, out = Ahead(source()), []
    with pytest.raises(SourceError, match="broken"):
        for item in stream:
            out.append(item.seq)
            assert len(stream.frames()) == 2 - item.seq
    assert out == [0, 1, 2]
