"""What a live run may keep, let go and wait for, and what it counts and is asked for: without a camera."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.live import MOST_FRAMES, Newest
from deploy.outcome import NOTHING, account
from deploy.policy import LivePolicy, Window, policy_of
from stages.errors import OptionError
from stages.retry import pause_s
from tests.stages.test_decode_live import INFO, frame, packet
from transport.messages import Frame, Packet


def test_waits_before_a_source_is_opened_again_grow_to_a_minute() -> None:
    assert [pause_s(failures) for failures in (1, 2, 3, 4, 5, 100)] == [1, 5, 10, 60, 60, 60]
    assert [pause_s(failures, 7.0) for failures in (1, 2, 3, 4)] == [1, 1, 3, 53]  # a try that hung was a wait as well


class Door:
    """An outlet that takes so many messages more."""

    def __init__(self) -> None:
        self.room, self.taken = 0, []

    def offer(self, message: object) -> bool:
        if self.room:
            self.room -= 1
            self.taken.append(message)
        return len(self.taken) > 0 and self.taken[-1] is message


def test_where_nobody_takes_frames_the_oldest_are_let_go_and_what_is_no_frame_is_kept() -> None:
    door = Door()
    newest = Newest(door)  # type: ignore[arg-type]
    newest.send(INFO)
    for seq in range(100):
        newest.send(frame(seq, float(seq)))
        newest.send(packet(seq))
    assert newest.dropped == 100 - MOST_FRAMES
    door.room = 1000
    newest.send(frame(100, 100.0))
    assert door.taken[0] is INFO
    assert [item.pts for item in door.taken if isinstance(item, Frame)] == [98, 99, 100]
    assert sum(isinstance(item, Packet) for item in door.taken) == 100


def test_the_ledger_knows_frames_behind_late_repeated_and_lost_with_their_source() -> None:
    progress = {
        "decode": replace(NOTHING, frames_in=100, dropped={"behind": 10}),
        "segment": replace(NOTHING, frames_in=87),
        "encode": replace(NOTHING, written=95, repeated=12, dropped={"late": 4}),
    }
    ledger = account(progress, None, live=True, restarts=0, seconds=4.0).ledger
    assert ledger.dropped == {"behind": 10, "broke off": 3, "late": 4}
    assert ledger.imbalance == 0
    progress["encode"] = replace(progress["encode"], written=94)
    assert account(progress, None, live=True, restarts=0, seconds=4.0).ledger.imbalance == 1


def test_fewer_frames_are_under_way_where_they_take_longer() -> None:
    def under_way(interval_s: float) -> int:
        window = Window(2.0, 6)
        for seq in range(1, 100):
            window.received(seq, seq * interval_s)
        return next(count for count in range(1000) if not window.admits(99 + count))

    assert 35 <= under_way(0.05) <= 37
    assert under_way(0.2) == 8  # the engine's look-ahead, and two


@given(st.lists(st.floats(1e-3, 10), min_size=1, max_size=50), st.integers(0, 6))
def test_a_window_always_admits_what_the_engine_needs_to_go_on(intervals: list[float], look_ahead: int) -> None:
    window, now = Window(0.5, look_ahead), 0.0
    for seq, interval in enumerate(intervals):
        now += interval
        window.received(seq + 1, now)
    assert all(window.admits(len(intervals) + count) for count in range(look_ahead + 2))


def test_live_is_what_its_name_says_or_the_user() -> None:
    assert policy_of("film.mp4", False, "2s", "10s") is None
    assert policy_of("film.mp4", True, "0.5", "") == LivePolicy(latency_s=0.5, silence_s=10.0)
    assert policy_of("rtsp://cam/1", False, "2s", "") == LivePolicy()
    assert policy_of("rtsp://cam/1", False, "2s", "7s") == LivePolicy(silence_s=7.0)
    with pytest.raises(OptionError, match=r"--latency 'soon' is no time; 2s or 0\.5 would be"):
        policy_of("rtsp://cam/1", False, "soon", "10s")
    with pytest.raises(OptionError, match=r"--latency 100s cannot be used, 0\.1s to 60s expected"):
        policy_of("rtsp://cam/1", False, "100s", "10s")
