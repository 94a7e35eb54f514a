"""What a process says over HTTP: alive, ready, and who belongs to its run; and what it does not let be done to it."""

import json
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from deploy.health import MOST_REQUESTS, Pulse, serving, targets
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from tests.clips import Clip, make
from tests.ports import free_ports
from tests.runs import At, job, run, written
from transport.errors import AddressError


def ask(url: str, **headers: str) -> tuple[int, str]:
    """Return the status and the text of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_process_that_comes_up_is_alive_and_not_ready() -> None:
    pulse, port = Pulse(), free_ports(1)
    with serving(f"127.0.0.1:{port}", pulse.pages()):
        assert ask(f"http://127.0.0.1:{port}/healthz") == (200, "ok\n")
        assert ask(f"http://127.0.0.1:{port}/readyz") == (503, "not ready yet: it is still coming up\n")
        pulse.ready()
        assert ask(f"http://127.0.0.1:{port}/readyz") == (200, "ok\n")


def test_a_loop_that_does_not_turn_is_neither_alive_nor_ready() -> None:
    pulse = Pulse(still_s=0.05)
    pulse.ready()
    assert pulse.stuck() == ""
    time.sleep(0.1)
    assert "has not turned" in pulse.stuck()
    port = free_ports(1)
    with serving(f"127.0.0.1:{port}", pulse.pages()):
        assert ask(f"http://127.0.0.1:{port}/healthz")[0] == 503
        assert ask(f"http://127.0.0.1:{port}/readyz")[0] == 503
        pulse.turned()
        assert ask(f"http://127.0.0.1:{port}/healthz")[0] == 200


def test_a_stage_that_computes_for_ever_is_stuck_and_one_that_waits_for_ever_is_not() -> None:
    pulse = Pulse(longest_s=0.05)
    pulse.computes(False)
    time.sleep(0.1)
    assert pulse.stuck() == ""
    pulse.computes(True)
    time.sleep(0.1)
    assert "computed on one message" in pulse.stuck()
    pulse.computes(False)
    assert pulse.stuck() == ""


def test_other_paths_and_methods_are_refused_in_a_sentence() -> None:
    port = free_ports(1)
    with serving(f"127.0.0.1:{port}", Pulse().pages()):
        assert ask(f"http://127.0.0.1:{port}/") == (404, "there is /healthz, /readyz\n")
        with pytest.raises(urllib.error.HTTPError, match="405") as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", data=b"stop", timeout=5)
        refused.value.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("cleanplate:9400", "cleanplate"),
        ("10.0.0.7:9400", "10.0.0.7"),
        ("[::1]:9400", "[::1]"),
        ('evil"],"x":["', "127.0.0.1"),
        ("", "127.0.0.1"),
    ],
)
def test_targets_are_where_the_asking_found_us(host: str, expected: str) -> None:
    said: dict[str, Any] = {}
    page = targets(lambda: 3, "0.0.0.0:9400")
    body = b"".join(page({"HTTP_HOST": host}, lambda status, headers: said.update(headers)))  # type: ignore[arg-type]
    assert said["Content-Type"] == "application/json"
    assert json.loads(body) == [{"targets": [f"{expected}:{port}" for port in (9400, 9401, 9402)]}]


def test_nothing_is_served_without_an_address() -> None:
    with serving("", {}):
        pass


def test_a_taken_port_is_said_and_a_given_back_one_is_free() -> None:
    port = free_ports(1)
    for _ in range(2):
        with serving(f"127.0.0.1:{port}", {}):
            second = serving(f"127.0.0.1:{port}", {})
            with pytest.raises(AddressError, match="cannot serve metrics"):
                second.__enter__()


def test_it_listens_on_loopback_unless_it_is_told_otherwise() -> None:
    port = free_ports(1)
    with serving(f":{port}", Pulse().pages()):
        assert ask(f"http://127.0.0.1:{port}/healthz")[0] == 200
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection((_own_address(), port), timeout=2)


def _own_address() -> str:
    """Return an address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # documentation's network; nothing is sent
        except OSError:
            pytest.skip("there is no network but loopback")
        return str(probe.getsockname()[0])


def test_clients_that_never_say_what_they_want_are_few() -> None:
    port = free_ports(1)
    with serving(f"127.0.0.1:{port}", Pulse().pages()):
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(MOST_REQUESTS)]
        time.sleep(0.3)
        with socket.create_connection(("127.0.0.1", port)) as one_more:
            one_more.settimeout(5)
            assert one_more.recv(1) == b""
        for client in silent:
            client.close()
        time.sleep(0.3)
        assert ask(f"http://127.0.0.1:{port}/healthz")[0] == 200


def test_a_run_lists_all_its_processes_and_each_is_alive_and_ready(tmp_path: Path) -> None:
    first, found = free_ports(6), []

    def look(supervisor: Supervisor) -> None:
        listed = json.loads(ask(f"http://127.0.0.1:{first}/targets")[1])[0]["targets"]
        found.extend((each, ask(f"http://{each}/healthz"), ask(f"http://{each}/readyz")) for each in listed)
        supervisor.signals.append(signal.SIGINT)

    source = make(tmp_path / "in.mkv", Clip(frames=60))
    endless = job(
        source, tmp_path / "out.mkv", decode=DecodeConfig(loop=1000), metrics=f"127.0.0.1:{first}", replicas=2
    )
    assert run(endless, At(written(50), look)).code == 130
    assert found == [(f"127.0.0.1:{first + each}", (200, "ok\n"), (200, "ok\n")) for each in range(6)]
