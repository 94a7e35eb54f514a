"""A camera's stream over stages that a user or a cluster started: it goes on, whatever becomes of camera and decode."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.health import Pulse
from deploy.live import _lived
from deploy.tally import Tally
from tests.clips import Clip, make
from tests.deploy.test_live import shown
from tests.deploy.test_metrics import spec, value
from tests.deploy.test_stage_by_hand import REGION, Stages
from tests.prometheus import until
from tests.rtsp import RtspServer
from tests.stages.test_decode_live import INFO
from transport.messages import StreamInfo

LIVE = ("--live", "--latency", "1.5s")


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[RtspServer]:
    clip = make(tmp_path / "street.mp4", Clip(frames=200, options={"g": "25", "bf": "0"}))
    with RtspServer(clip) as server:
        yield server


@contextmanager
def stages(folder: Path) -> Iterator[Stages]:
    """Start encode, segment and a replica for a live stream; decode is the test's."""
    all_ = Stages(folder)
    try:
        all_.start("encode", str(folder / "out.mkv"), "--listen", all_.at(0), *LIVE)
        all_.start("segment", "--listen", all_.at(1), "--work", all_.at(2), "--to", all_.at(0), *REGION, *LIVE)
        all_.start("inpaint", "--work", all_.at(2), "--to", all_.at(0), *LIVE)
        yield all_
    finally:
        for process in all_.processes:
            process.kill()
            process.communicate()


def test_the_stream_goes_on_when_its_camera_is_cut_off_and_when_its_decode_is_another(
    camera: RtspServer, tmp_path: Path
) -> None:
    with stages(tmp_path) as all_:
        encode, segment, inpaint = all_.processes

        def number(process: "subprocess.Popen[str]", name: str) -> float:
            page = all_.page(process, "/metrics")
            return value(page, f"cleanplate_{name}") if f"cleanplate_{name}{{" in page else -1.0

        def decoding() -> "subprocess.Popen[str]":
            return all_.start("decode", camera.url(), "--to", all_.at(1), *LIVE)

        def goes_on() -> None:
            """Wait for new pictures at the far end: clean ones, not repetitions."""
            before = number(segment, "frames_in_total")
            until(lambda: number(segment, "frames_in_total") > before + 25, 40, "frames")
            assert [process.poll() for process in (encode, segment, inpaint)] == [None] * 3

        decode = decoding()
        until(lambda: number(encode, "frames_out_total") > 25, 40, "the beginning")
        assert number(decode, "source_up") == 1
        for cut in (1, 2):
            camera.disconnect()
            until(lambda cut=cut: number(decode, "source_reconnects_total") == cut, 40, "it")  # type: ignore[misc]
            until(lambda: number(decode, "source_up") == 1, 40, "the camera")
            goes_on()

        decode.send_signal(signal.SIGTERM)
        assert decode.wait(20) == 0
        decode = decoding()
        goes_on()
        decode.kill()
        decode.wait()
        decoding()
        goes_on()
        encode.send_signal(signal.SIGTERM)
        encode.wait(20)
    (written,) = tmp_path.glob("out*.mkv")
    assert len(shown(written)) > 100  # each looked at, and at its time


def test_a_decode_that_waits_for_its_camera_goes_when_it_is_told(camera: RtspServer, tmp_path: Path) -> None:
    with stages(tmp_path) as all_:
        decode = all_.start("decode", camera.url(), "--to", all_.at(1), *LIVE)
        until(lambda: "cleanplate_source_up{" in all_.page(decode, "/metrics"), 40, "the beginning")
        camera.stop()
        until(lambda: value(all_.page(decode, "/metrics"), "cleanplate_source_up") == 0, 40, "the end of it")
        decode.send_signal(signal.SIGTERM)
        assert decode.wait(20) == 0
        assert decode.stderr is not None
        assert "it is opened again in 1 s" in decode.stderr.read()


def test_a_source_that_neither_gives_nor_ends_is_stuck_and_one_that_is_gone_is_not() -> None:
    tally, stuck = Tally(spec()), []
    tally.pulse = Pulse(longest_s=-1)

    def life() -> Iterator[StreamInfo]:
        for _ in range(2):
            stuck.append(tally.pulse.stuck())
            yield INFO

    assert len([*tally.timed(_lived(life(), tally))]) == 2
    assert all("has computed on one message" in sentence for sentence in stuck)
    assert (tally.pulse.stuck(), tally.signs.source_up) == ("", False)
