"""Every process of a run serves its own numbers, on the port after its neighbour's."""

import signal
import socket
import urllib.request
from pathlib import Path

from deploy.metrics import stream_label
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from tests.clips import Clip, make
from tests.runs import At, job, run, written


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody uses."""
    for first in range(21_000, 60_000, 97):
        try:
            for port in range(first, first + count):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


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
    assert "cleanplate_worker_restarts_total" in found[0]
    for text, stage in zip(found[1:], ("decode", "segment", "inpaint", "encode"), strict=True):
        numbers = [line for line in text.splitlines() if line.startswith("cleanplate_frames_in_total")]
        assert len(numbers) == 1
        assert f'stage="{stage}"' in numbers[0]
        assert float(numbers[0].split()[-1]) > 0, text
        assert 'stream="in.mkv"' in numbers[0]


def test_a_password_is_no_label() -> None:
    assert stream_label("rtsp://user:secret@camera/live?token=secret") == "live"
    assert stream_label("rtsp://user:secret@camera") == "camera"
