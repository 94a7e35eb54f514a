"""A live stream to a server and into a folder, watched by a real Prometheus: what is told when the server goes."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clips import Clip, make
from tests.deploy.test_dashboards import panels
from tests.ports import free_ports
from tests.prometheus import Prometheus, prometheus, until
from tests.rtsp import RtspServer

FASTER = 10.0  # than the rules say: an output is in trouble for 3 s here, and tried again 1, 6 and 16 s after it went
PROCESSES = 5
DOWN = 'ALERTS{alertname="CleanplateOutputDown", alertstate="firing", output=~"%s.*"}'


@contextmanager
def watched(folder: Path, source: str, target: str) -> Iterator[Prometheus]:
    """Send a camera's clean stream to a server and into a folder, with a Prometheus that watches it."""
    first = free_ports(PROCESSES + 1)
    words = [
        "remove",
        source,
        target,
        "--also",
        f"record:{folder}/kept",
        "--region",
        "20,20,16,12",
        "--engine",
        "blank",
    ]
    command = [sys.executable, "-m", "deploy", *words, "--metrics", f"127.0.0.1:{first}", "--preset", "ultrafast"]
    targets, port = f"http://127.0.0.1:{first}/targets", first + PROCESSES
    with prometheus(folder, port=port, targets=targets, times=FASTER) as asking:
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            yield asking
        finally:
            run.kill()  # its workers die with it
            run.wait(30)


@pytest.mark.timeout(300)
def test_a_server_that_goes_is_told_of_until_it_is_back_and_the_recording_goes_on(tmp_path: Path) -> None:
    clip = make(tmp_path / "street.mp4", Clip(frames=200, options={"g": "25", "bf": "0"}))
    server = RtspServer().__enter__()
    with (
        RtspServer(clip) as camera,
        watched(tmp_path, camera.url(), server.url("clean", login="user:s3cret")) as asking,
    ):
        try:
            until(lambda: asking.values("cleanplate_output_up") == [1, 1], 60, "both outputs")
            questions = {expr: title for title, expr in panels() if "cleanplate_output_" in expr}
            until(lambda: all(asking.values(expr) for expr in questions), 20, f"answers to all of {questions}")
            until(lambda: not asking.values(DOWN % ""), 20, "both to have begun")
            server.stop()
            until(lambda: bool(asking.values(DOWN % "rtsp")), 40, "the alert")
            assert asking.values('cleanplate_output_up{output=~"record:.*"}') == [1]
            assert asking.values('cleanplate_output_failures_total{output=~"rtsp.*"}')[0] > 0
            assert not asking.values(DOWN % "record")
            server = RtspServer(port=server.port).__enter__()
            until(lambda: not asking.values(DOWN % ""), 120, "all to be well again")
        finally:
            server.stop()
    (recording,) = (tmp_path / "kept").iterdir()
    assert recording.stat().st_size > 0
