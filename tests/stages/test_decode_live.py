"""A camera that goes and comes back: one stream, one time line."""

import time
from collections import deque
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.decode.live import continued
from stages.decode.names import is_live
from stages.errors import SourceError
from tests.clips import Clip, make
from tests.rtsp import RtspServer
from transport.messages import Frame, Packet, PictureFormat, SideStream, StreamInfo

PICTURE = PictureFormat(width=4, height=2, pixel_format="gray")
SOUND = SideStream(
    index=1,
    kind="audio",
    time_base=(1, 1000),
    disposition=0,
    metadata={},
    header_format="matroska",
    header=np.zeros(1, np.uint8),
)
INFO = StreamInfo(
    stream="rtsp://cam/1",
    epoch=0,
    format=PICTURE,
    time_base=(1, 100),
    frame_rate=(25, 1),
    codec="h264",
    container="rtsp",
    frames=0,
    bit_rate=0,
    metadata={},
    video_metadata={},
    disposition=0,
    sides=(SOUND,),
    attachments=(),
    chapters=(),
)


def frame(pts, captured, seq=0):
    planes = (np.zeros((2, 4), np.uint8),)
    return Frame(seq=seq, pts=pts, duration=4, key=False, format=PICTURE, planes=planes, captured=captured)


def packet(pts, index=1):
    data = np.zeros(1, np.uint8)
    return Packet(
        index=index,
        pts=pts,
        dts=pts,
        duration=20,
        time_base=(1, 1000),
        key=True,
        discard=False,
        data=data,
        side_data={},
    )


def times(items, **how):
    return [(item.seq, item.pts) for item in continued(items, **how) if isinstance(item, Frame)]


def test_frames_count_on_where_the_source_begins_anew():
    items = [INFO, frame(0, 1000.0), frame(4, 1000.04, seq=1), INFO, frame(0, 1003.04), frame(4, 1003.08, seq=1)]
    assert times(items) == [(0, 0), (1, 4), (2, 304), (3, 308)]


def test_one_info_is_all_that_comes_after():
    items = list(continued([INFO, frame(0, 1.0), INFO, frame(0, 2.0)]))
    assert [type(item) for item in items] == [StreamInfo, Frame, Frame]


def test_dropped_frames_leave_no_gap_in_the_count():
    assert times([INFO, frame(0, 1.0), frame(12, 1.12, seq=3)]) == [(0, 0), (1, 12)]


def test_by_arrival_the_clock_of_the_camera_does_not_count():
    items = [INFO, frame(0, 10.0), frame(4, 10.5), frame(8, 10.6)]
    assert times(items, by_arrival=True) == [(0, 0), (1, 50), (2, 60)]


def test_sound_goes_with_the_picture():
    items = [INFO, frame(0, 1.0), packet(0), INFO, packet(7), frame(0, 3.0), packet(20), packet(20, index=5)]
    found = [item for item in continued(items) if isinstance(item, Packet)]
    assert [item.pts for item in found] == [0, 2020]  # 2 s later; what came before its picture has no place


def test_a_camera_that_comes_back_as_another_is_said():
    other = replace(INFO, format=replace(PICTURE, width=8))
    with pytest.raises(SourceError, match="came back as 8x2 gray, it began as 4x2 gray"):
        list(continued([INFO, frame(0, 1.0), other]))


def test_a_pause_that_its_own_times_leave_out_is_put_in_after_a_while():
    before = [frame(4 * k, 100 + k / 25) for k in range(50)]
    after = [frame(4 * (50 + k), 105 + (50 + k) / 25) for k in range(100)]  # 5 s later by the clock
    found = times([INFO, *before, *after])
    assert [pts for _, pts in found[:50]] == [4 * k for k in range(50)]
    assert found[-1][1] == 4 * 149 + 500


def test_frames_that_come_late_and_all_at_once_keep_their_times():
    sent = [frame(4 * k, 100 + k / 25) for k in range(50)]
    burst = [frame(4 * (50 + k), 104 + k / 1000) for k in range(50)]  # those of two seconds, when these are over
    after = [frame(4 * (100 + k), 104.04 + k / 25) for k in range(50)]
    assert [pts for _, pts in times([INFO, *sent, *burst, *after])] == [4 * k for k in range(150)]


lives = st.lists(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 10**6)), min_size=1, max_size=4), min_size=1, max_size=4
)


@given(lives, st.booleans())
def test_times_always_rise_and_frames_always_count(lives, by_arrival):
    items = [item for life in lives for item in (INFO, *(frame(pts, captured) for pts, captured in life))]
    found = times(items, by_arrival=by_arrival)
    assert [seq for seq, _ in found] == list(range(len(found)))
    assert all(a < b for (_, a), (_, b) in pairwise(found))


def test_a_camera_that_falls_silent_has_broken_off_after_one_patience_and_not_two(tmp_path):
    clip, patience_s = make(tmp_path / "camera.ts", Clip(frames=25)), 3.0
    with RtspServer(clip) as camera:
        frames = decode(camera.url(), DecodeConfig(live=True, timeout_s=patience_s))
        for item in frames:
            if isinstance(item, Frame) and item.seq == 10:
                break
        camera.stalled.set()
        stalled = time.monotonic()
        with pytest.raises(SourceError, match=r"broke off after frame \d+: it was silent for too long"):
            deque(frames, 0)
        assert patience_s - 0.5 < time.monotonic() - stalled < 2 * patience_s - 0.5


@pytest.mark.parametrize(
    "source", ["rtsp://cam/1", "RTSPS://cam", "rtmp://a/b", "srt://a:1", "udp://@:5", "/dev/video0"]
)
def test_cameras_are_known_by_their_names(source):
    assert is_live(source)


@pytest.mark.parametrize("source", ["film.mp4", "http://host/film.mp4", "-", "/dev/zero", "udp"])
def test_files_are_known_by_their_names(source):
    assert not is_live(source)
