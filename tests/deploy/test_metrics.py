"""Every process of a run serves its own numbers, on the port after its neighbour's."""

import mmap
import re
import signal
import time
import urllib.request
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import deploy.usage
from deploy.config import Spec
from deploy.dispatch import Dispatcher
from deploy.metrics import Instruments, Run, RunInstruments, Signs, stream_label
from deploy.outcome import NOTHING
from deploy.supervisor import Supervisor
from deploy.tally import Tally
from deploy.usage import Gpu, gpus, open_files, resident_bytes
from stages.decode.config import DecodeConfig
from stages.encode.live.output import State
from stages.inpaint.chunks import ChunkPlan
from tests.clips import Clip, make
from tests.ports import free_ports
from tests.runs import At, job, run, written
from transport.messages import Box, CleanFrame, Frame, Mask, MaskedFrame, Patch, PictureFormat


@cache
def exported() -> set[str]:
    """Return the name of every metric that a process may show, under every circumstance."""
    card = Gpu(name="cuda:0", up=True, used_bytes=1, total_bytes=2, busy=0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deploy.metrics.gpus", lambda: iter([card]))
        signs = Signs(lag_s=1.0, budget_s=2.0, source_frame=1.0, fill_level=0, outputs=(output("hls:www"),))
        worker = Instruments("encode", "encode", "street", lambda: NOTHING, lambda: signs)
        whole = RunInstruments("street")
        whole.run = Run(source_up=True)
        pages = [_page(worker), _page(whole)]
    names = re.findall(r"^# TYPE (cleanplate_\w+)", "".join(pages), re.M)
    return {name for name in names if not name.endswith("_created")}  # those say when a histogram began


def output(name: str, trouble: str = "") -> State:
    """Return how an output fares that has sent 9 packets, dropped 3 and broken off twice."""
    return State(name=name, sent=9, dropped=3, failures=2, trouble=trouble)


def _page(instruments: Instruments | RunInstruments) -> str:
    """Return what a scrape of one process reads."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/metrics", "QUERY_STRING": ""}
    return b"".join(instruments.page()(environ, lambda status, headers: None)).decode()  # type: ignore[arg-type]


def value(text: str, name: str) -> float:
    """Return the one number that a page has under a name."""
    (line,) = (line for line in text.splitlines() if re.match(rf"{name}(\{{|\s)", line))
    return float(line.rsplit(maxsplit=1)[1])


def test_every_process_serves_its_numbers(tmp_path: Path) -> None:
    first, found = free_ports(5), []

    def scrape(supervisor: Supervisor) -> None:
        for port in range(first, first + 5):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                found.append(answer.read().decode())
        supervisor.signals.append(signal.SIGINT)

    source = make(tmp_path / "in.mkv", Clip(frames=60))
    asked = job(source, tmp_path / "out.mkv", decode=DecodeConfig(loop=1000), metrics=f"127.0.0.1:{first}")
    assert run(asked, At(written(200), scrape)).code == 130
    run_, decode, segment, inpaint, encode = found
    assert value(run_, "cleanplate_worker_restarts_total") == 0
    assert value(run_, "cleanplate_ledger_imbalance_frames") == 0
    assert value(run_, "cleanplate_in_flight_frames") > 0
    for text, stage in ((decode, "decode"), (segment, "segment"), (inpaint, "inpaint"), (encode, "encode")):
        assert value(text, "cleanplate_frames_in_total") > 0, text
        assert f'stage="{stage}"' in text
        assert 'stream="in.mkv"' in text
        assert value(text, "cleanplate_resident_memory_bytes") > 10_000_000
    for text in (segment, inpaint, encode):
        assert value(text, "cleanplate_transit_seconds_count") >= value(text, "cleanplate_frames_in_total")
        assert value(text, "cleanplate_queue_seconds_count") == value(text, "cleanplate_transit_seconds_count")
    assert time.time() - value(decode, "cleanplate_source_last_frame_timestamp_seconds") < 60
    assert 0 <= value(segment, "cleanplate_stream_lag_seconds") < 60
    frames = value(encode, "cleanplate_end_to_end_latency_seconds_count")
    assert frames >= 200
    assert 0 < value(encode, "cleanplate_end_to_end_latency_seconds_sum") / frames < 60


def test_a_password_is_no_label() -> None:
    assert stream_label("rtsp://user:secret@camera/live?token=secret") == "live"
    assert stream_label("rtsp://user:secret@camera") == "camera"


def test_every_output_says_how_it_fares_under_a_name_of_its_own() -> None:
    names = ("rtsp://server/clean", "rtmp://server/live/***", "record:caf\udce9")
    states = (*(output(name) for name in names), output("rtsp://server/clean", trouble="401 s3cret"))
    page = _page(Instruments("encode", "encode", "street", lambda: NOTHING, lambda: Signs(outputs=states)))
    shown = dict(re.findall(r'^cleanplate_output_up\{output="([^"]+)",.*} (\S+)$', page, re.M))
    assert shown == {
        "rtsp://server/clean": "1.0",
        "rtmp://server/live/***": "1.0",
        "record:caf?": "1.0",
        "rtsp://server/clean (2)": "0.0",
    }
    assert (
        page.count("cleanplate_output_packets_dropped_total{") == page.count("cleanplate_output_failures_total{") == 4
    )
    assert "s3cret" not in page


def test_names_say_their_unit_and_labels_are_few() -> None:
    units = ("seconds", "bytes", "frames", "ratio", "total", "up", "level", "files", "processes")
    assert [name for name in exported() if not name.endswith(units)] == []


def test_reasons_of_drops_are_bounded() -> None:
    note = replace(NOTHING, dropped={f"reason {index:02}": 1 for index in range(40)})
    text = _page(Instruments("decode", "decode", "street", lambda: note, Signs))
    assert len(re.findall(r"^cleanplate_frames_dropped_total\{", text, re.M)) == 16


def test_what_a_process_takes_is_what_the_kernel_says() -> None:
    before, files = resident_bytes(), open_files()
    assert before is not None
    assert files is not None
    block = mmap.mmap(-1, 64 << 20)
    block.write(b"\1" * len(block))
    with open("/dev/null", "rb"):
        assert open_files() == files + 1
    assert resident_bytes() > before + len(block) // 2  # type: ignore[operator]


class Cards:
    """What torch.cuda would say of three cards, of which the first is in use and the last fell off the bus."""

    def is_initialized(self) -> bool:
        return True

    def device_count(self) -> int:
        return 3

    def memory_reserved(self, index: int) -> int:
        return (1 << 30, 0, 1 << 20)[index]

    def mem_get_info(self, index: int) -> tuple[int, int]:
        if index == 2:
            raise RuntimeError("CUDA error: unspecified launch failure")
        return 60 << 30, 80 << 30

    def utilization(self, index: int) -> int:
        return 40


def test_only_gpus_in_use_are_asked_and_one_that_fell_off_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deploy.usage.sys.modules, "torch", SimpleNamespace(cuda=Cards()))  # type: ignore[arg-type]
    assert list(gpus()) == [
        Gpu(name="cuda:0", up=True, used_bytes=20 << 30, total_bytes=80 << 30, busy=0.4),
        Gpu(name="cuda:2", up=False),
    ]


def test_without_torch_there_are_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(deploy.usage.sys.modules, "torch", raising=False)
    assert list(gpus()) == []


def test_the_lag_grows_with_what_waits_and_not_with_a_silent_source() -> None:
    dispatcher = Dispatcher(ChunkPlan(length=4, lead_in=0, look_ahead=0), 1 << 20)
    assert dispatcher.lag_s == 0
    for seq in range(5):
        dispatcher.add(masked(seq, read=100.0 + seq / 4), 10)
    assert dispatcher.lag_s == 1.0
    for seq in range(5):
        dispatcher.forwarded(seq)
    dispatcher.received(4)
    assert dispatcher.lag_s == 0
    dispatcher.received(5)
    assert dispatcher.lag_s == 0


def masked(seq: int, *, read: float) -> MaskedFrame:
    """Return a small frame that was read at a moment."""
    picture = PictureFormat(width=2, height=2, pixel_format="gray")
    planes = (np.zeros((2, 2), np.uint8),)
    frame = Frame(seq=seq, pts=seq, duration=1, key=False, format=picture, planes=planes, read=read)
    nothing = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    return MaskedFrame(frame=frame, mask=nothing, shot=0, emit=True)


def test_a_frame_is_counted_with_its_latency_once_however_often_it_is_shown() -> None:
    tally = Tally(spec())
    patch = Patch(seq=0, mask=masked(0, read=1.0).mask, pixels=None)
    frames = [CleanFrame(frame=masked(0, read=read).frame, patch=patch) for read in (1.0, 1.0, 1.0, 2.0)]
    assert [*tally.given(frames)] == frames
    assert value(_page(tally.instruments), "cleanplate_end_to_end_latency_seconds_count") == 2


def spec() -> Spec:
    """Return the specification of an encode."""
    empty = dict.fromkeys(("control", "listen", "work", "to", "metrics"), "")
    job_ = job(Path("in.mkv"), Path("out.mkv"))
    return Spec(stage="encode", name="encode", job=job_, shares=None, token="", parent=0, stream="street", **empty)


def test_the_stream_is_called_as_the_user_wishes() -> None:
    assert 'stream="street"' in _page(Tally(spec()).instruments)
