"""One encoding to many outputs: what comes out of the encoder, and that no output can hold up another."""

import threading
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.encode.live.backlog import Backlog
from stages.encode.live.broadcast import broadcast
from stages.encode.live.config import LiveConfig
from stages.encode.live.lane import Lane
from stages.errors import OptionError, SinkError
from tests.clips import Clip, number_in
from tests.stages.encoded import info_of, synthetic, untouched
from tests.stages.live import TICKS, Taker, coded
from transport.messages import Box, CleanFrame, Frame, Mask, Packet, Patch, StreamInfo

CAMERA = Clip(frames=60, time_base=TICKS)
FAST = LiveConfig(preset="ultrafast")


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_every_frame_comes_out_when_it_goes_in(codec: str):
    taker = Taker()
    for written in broadcast(synthetic(CAMERA), [taker], replace(FAST, codec=codec)):
        assert len(taker.packets) == written.frames == written.durable
    assert [packet.pts for packet in taker.packets] == [3600 * seq for seq in range(60)]
    assert [packet.dts for packet in taker.packets] == [packet.pts for packet in taker.packets]
    assert taker.ended


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_viewer_can_come_in_at_every_keyframe_without_having_heard_anything_before(codec: str):
    _, packets = coded(CAMERA, codec=codec, gop_s=1.0)
    for start in [index for index, packet in enumerate(packets) if packet.key]:
        decoder = av.CodecContext.create(codec, "r")
        frames = [frame for packet in packets[start:] for frame in decoder.decode(av.Packet(packet.data.tobytes()))]
        frames += decoder.decode(None)
        assert [number_in(frame.to_ndarray(format="gray")) for frame in frames] == list(range(start, 60))


def test_keyframes_come_by_the_clock_even_where_frames_are_missing():
    """The first frame of every second that has one: the rate, which is only guessed, has no part in it."""
    seconds = [seq / 25 for seq in range(120) if not 30 <= seq < 90]
    clip = replace(CAMERA, frames=60, fps=7, pts=tuple(round(at * 90_000) for at in seconds))
    _, packets = coded(clip, gop_s=1.0)
    assert [packet.pts / 90_000 for packet in packets if packet.key] == [0, 1, 90 / 25, 4]


def test_what_was_removed_is_not_in_the_picture():
    def wipe(frame: Frame) -> Patch:
        box = Box(x=16, y=24, width=16, height=16)
        mask = Mask(box=box, alpha=np.full((16, 16), 255, np.uint8))
        return Patch(seq=frame.seq, mask=mask, pixels=np.full((16, 48), 60, np.uint8))

    taker = Taker()
    list(broadcast(synthetic(CAMERA, wipe), [taker], replace(FAST, crf=5)))
    decoder = av.CodecContext.create("h264", "r")
    frame = decoder.decode(av.Packet(taker.packets[0].data.tobytes())) + decoder.decode(None)
    assert abs(frame[0].to_ndarray(format="gray")[26:38, 18:30].astype(int) - 60).max() < 12


def test_sound_goes_beside_it_byte_for_byte_and_nothing_else_does(tmp_path: Path):
    info, packets = coded(Clip(frames=25, audio=("aac",), subtitles=("subrip",)), tmp_path)
    assert [side.kind for side in info.sides] == ["video", "audio"]
    assert len({side.index for side in info.sides}) == 2
    with av.open(str(tmp_path / "source.mkv")) as file:
        sound = [bytes(packet) for packet in file.demux(audio=0) if packet.size]
    assert [packet.data.tobytes() for packet in packets if packet.index == info.sides[1].index] == sound


def test_a_bound_on_bits_is_held():
    noise = np.random.default_rng(0).integers(16, 235, (50, 96 * 96 * 3 // 2), np.uint8)
    clip = Clip(width=96, height=96, frames=50)
    frames = []
    for seq, samples in enumerate(noise):
        y, u, v = np.split(samples, [96 * 96, 96 * 96 + 48 * 48])
        planes = (y.reshape(96, 96), u.reshape(48, 48), v.reshape(48, 48))
        frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=clip.format, planes=planes)
        frames.append(CleanFrame(frame=frame, patch=untouched(frame)))
    sizes = []
    for bound in (0, 400_000):
        taker = Taker()
        list(broadcast([info_of(clip), *frames], [taker], replace(FAST, most_bits=bound)))
        sizes.append(8 * sum(packet.data.nbytes for packet in taker.packets))
    assert sizes[0] > 3 * 2 * 400_000  # 2 seconds that would take three times as much
    assert sizes[1] < 1.5 * 2 * 400_000


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (LiveConfig(codec="vp9"), "codec vp9 cannot be sent live; h264, hevc"),
        (LiveConfig(gop_s=0), "0 s from keyframe to keyframe cannot be used: 0.1 to 10"),
        (LiveConfig(most_bits=-1), "-1 bits a second"),
        (LiveConfig(crf=99), "crf 99 cannot be used with libx264"),
        (LiveConfig(preset="warp"), "preset warp cannot be used"),
    ],
)
def test_what_cannot_be_encoded_live_is_said_before_it_begins(config: LiveConfig, said: str):
    taker = Taker()
    with pytest.raises(OptionError, match=said):
        list(broadcast(synthetic(CAMERA), [taker], config))
    assert taker.info is None


def test_a_picture_of_another_kind_ends_the_stream_with_a_sentence():
    items = [*synthetic(CAMERA)][:3]
    other = [*synthetic(replace(CAMERA, width=96))][3:4]
    with pytest.raises(SinkError, match=r"frame 2 is .*width=96.* the stream began as .*width=64"):
        list(broadcast([*items, *other], [Taker()], FAST))


def test_time_that_stands_still_is_refused():
    items = [*synthetic(CAMERA)]
    with pytest.raises(ValueError, match="frame 1 at 3600 does not follow 3600"):
        list(broadcast([*items[:3], items[2]], [Taker()], FAST))


class Wall:
    """A disk that hangs until it is let go."""

    def __init__(self) -> None:
        self.reached, self.free = threading.Event(), threading.Event()
        self.taken = 0

    def __call__(self, info: StreamInfo) -> "Wall":
        return self

    def put(self, packet: Packet) -> bool:
        self.reached.set()
        assert self.free.wait(30)
        self.taken += 1
        return True

    def close(self) -> None:
        """A wall needs no closing."""

    def abandon(self) -> None:
        """Nor leaving."""


def test_a_disk_that_hangs_holds_up_nobody_and_costs_bounded_memory():
    wall, taker = Wall(), Taker()
    hung = Lane("wall", wall, most_bytes=20_000)
    for written in broadcast(synthetic(replace(CAMERA, frames=200)), [hung, taker], replace(FAST, gop_s=1.0)):
        assert wall.reached.wait(10)
        assert hung._backlog.bytes <= 20_000
        if written.frames == 200:
            assert len(taker.packets) == 200
            assert hung.state.sent == 0
            assert hung.state.dropped > 0
            wall.free.set()
    assert wall.taken == hung.state.sent
    assert hung.state.sent + hung.state.dropped == 200


class Moody:
    """A disk that is full for a while."""

    def __init__(self, failures: int) -> None:
        self.failures, self.opened, self.packets = failures, 0, []

    def __call__(self, info: StreamInfo) -> "Moody":
        self.opened += 1
        return self

    def put(self, packet: Packet) -> bool:
        if self.opened <= self.failures:
            raise SinkError("no space left")
        self.packets.append(packet)
        return True

    def close(self) -> None:
        """Nothing is left to do."""

    def abandon(self) -> None:
        """Nothing is left to do."""


def test_an_output_that_failed_is_tried_again_and_goes_on_at_a_keyframe(caplog: pytest.LogCaptureFixture):
    info, packets = coded(CAMERA, gop_s=0.4)
    disk = Moody(failures=1)
    lane = Lane("disk", disk)
    lane.begin(info)
    deadline = time.monotonic() + 20
    while not disk.packets and time.monotonic() < deadline:
        for packet in packets:
            lane.put(packet)
            time.sleep(0.002)
    assert lane.state.trouble in ("", "no space left")
    lane.end()
    lane.join(time.monotonic() + 10)
    assert disk.packets[0].key
    assert (lane.state.failures, lane.state.trouble) == (1, "")
    assert "disk: no space left; it is tried again in 1 s" in caplog.text


VIDEO, SOUND = 3, 0


@given(st.lists(st.tuples(st.sampled_from(["key", "frame", "sound", "take", "clear"]), st.integers(1, 50))))
def test_a_backlog_keeps_its_bound_and_leaves_no_gap_but_before_a_keyframe(steps: list[tuple[str, int]]):
    backlog = Backlog(VIDEO, 100)
    put: list[Packet] = []
    taken: list[Packet] = []
    for step, size in steps:
        if step == "take":
            taken += [packet] if (packet := backlog.take()) is not None else []
        elif step == "clear":
            backlog.clear()
        else:
            put.append(_packet(len(put), size, key=step == "key", index=SOUND if step == "sound" else VIDEO))
            backlog.put(put[-1])
        assert backlog.bytes <= 100
    taken += list(iter(backlog.take, None))
    assert len(taken) + backlog.dropped == len(put)
    places = [packet.pts for packet in taken]
    assert places == sorted(places)
    for before, packet in zip([-1, *places], taken, strict=False):
        assert packet.pts == before + 1 != 0 or (packet.key and packet.index == VIDEO)


def _packet(pts: int, size: int, *, key: bool, index: int) -> Packet:
    data = np.zeros(size, np.uint8)
    return Packet(
        index=index,
        pts=pts,
        dts=pts,
        duration=1,
        time_base=(1, 25),
        key=key or index == SOUND,
        discard=False,
        data=data,
        side_data={},
    )


def test_the_grid_of_keyframes_outlives_a_jump_of_days():
    days = 3 * 86400
    pts = tuple(round(Fraction(seq, 25) / TICKS) + (days * 90_000 if seq >= 30 else 0) for seq in range(60))
    _, packets = coded(replace(CAMERA, pts=pts), gop_s=2.0)
    assert [round(packet.pts / 90_000, 2) for packet in packets if packet.key] == [0, days + 1.2, days + 2]
