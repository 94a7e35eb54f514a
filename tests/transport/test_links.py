"""Real sockets, real processes: what is sent arrives, within the credit, to the last item."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from transport.deadlines import Deadlines
from transport.errors import AddressError, Refused, Silence, TooLarge
from transport.links import Inlet, Outlet
from transport.messages import Frame, PictureFormat
from transport.sockets import Hub

SHORT = Deadlines(connect=3.0, silence=1.0, beat=0.1, linger=1.0)
PATIENT = Deadlines(connect=20.0, silence=10.0, beat=0.1, linger=1.0)  # where nobody is to be missed
PICTURE = PictureFormat(width=64, height=48, pixel_format="gray")


def frame(seq: int) -> Frame:
    planes = (np.full((48, 64), seq % 256, np.uint8),)
    return Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes)


def address(tmp_path: Path, kind: str) -> str:
    return f"ipc://{tmp_path}/link" if kind == "ipc" else f"{kind}://127.0.0.1:0"


SENDER = """
import sys
import numpy as np
from tests.transport.test_links import frame, PATIENT
from transport.links import Outlet
from transport.sockets import Hub
hub = Hub(role="decode", name="decode", token="t", deadlines=PATIENT)
outlet = Outlet(hub, hub.connect(sys.argv[1]))
for seq in range(int(sys.argv[2])):
    outlet.send(frame(seq))
outlet.end()
hub.close()
"""


@pytest.mark.parametrize("kind", ["ipc", "tcp", "tcp+plain"])
def test_the_last_frame_outlives_its_sender(tmp_path: Path, kind: str) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as hub:
        endpoint = hub.bind(address(tmp_path, kind), accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=20_000)
        sender = subprocess.Popen([sys.executable, "-c", SENDER, endpoint.address, "200"])
        received = []
        for item in inlet:
            assert isinstance(item, Frame)
            received.append((item.seq, int(item.planes[0][0, 0])))
        assert sender.wait(10) == 0
    assert received == [(seq, seq % 256) for seq in range(200)]


def test_a_socket_in_a_folder_is_where_it_was_asked_for_whatever_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "tcp+plain"
    folder.mkdir()
    with Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as hub:
        assert hub.bind(f"ipc://{folder}/link", accepts=["decode"]).address == f"ipc://{folder}/link"
        assert (folder / "link").is_socket()


def test_a_slow_receiver_never_holds_more_than_its_budget(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=PATIENT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=12_000)
        sender = subprocess.Popen([sys.executable, "-c", SENDER, endpoint.address, "40"])
        for _ in inlet:
            assert inlet.held <= 12_000
            time.sleep(0.01)
        assert sender.wait(10) == 0
    assert inlet.arrived == 40


def test_a_message_larger_than_the_whole_credit_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        Inlet(hub, endpoint, (Frame,), budget=1000)
        with Hub(role="decode", name="decode", token="t", deadlines=SHORT) as sender:
            outlet = Outlet(sender, sender.connect(endpoint.address))
            with pytest.raises(TooLarge, match="on a link that holds 1000"):
                outlet.send(frame(0))


def test_a_wrong_token_is_turned_away(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="right", deadlines=SHORT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=20_000)
        with Hub(role="decode", name="decode", token="wrong", deadlines=SHORT) as stranger:
            outlet = Outlet(stranger, stranger.connect(endpoint.address))
            with pytest.raises(Refused, match="token"):
                outlet.send(frame(0))
        assert inlet.arrived == 0


def test_a_role_that_is_not_expected_is_turned_away(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        with Hub(role="inpaint", name="inpaint-0", token="t", deadlines=SHORT) as stranger:
            outlet = Outlet(stranger, stranger.connect(endpoint.address))
            with pytest.raises(Refused, match="a inpaint is not expected here"):
                outlet.send(frame(0))


def test_nobody_there_is_said_within_the_deadline(tmp_path: Path) -> None:
    with Hub(role="decode", name="decode", token="t", deadlines=Deadlines(connect=0.5, linger=0)) as hub:
        outlet = Outlet(hub, hub.connect(f"ipc://{tmp_path}/nobody"))
        with pytest.raises(Silence, match="nobody with this token answered"):
            outlet.send(frame(0))


def test_a_sender_that_dies_without_ending_is_noticed(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=12_000)
        sender = subprocess.Popen([sys.executable, "-c", SENDER, endpoint.address, "100000"])
        with pytest.raises(Silence, match="no end"):
            for count, _ in enumerate(inlet):
                if count == 20:
                    sender.kill()
        sender.wait()


def test_a_busy_stage_still_beats(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
        endpoint = hub.bind(address(tmp_path, "ipc"), accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=20_000)
        sender = threading.Thread(target=_send_three, args=(endpoint.address,))
        sender.start()
        items = iter(inlet)
        next(items)
        time.sleep(2.5)  # more than twice the silence that loses a peer
        assert len(list(items)) == 2
        sender.join()


def _send_three(where: str) -> None:
    with Hub(role="decode", name="decode", token="t", deadlines=SHORT) as hub:
        outlet = Outlet(hub, hub.connect(where))
        for seq in range(3):
            outlet.send(frame(seq))
        outlet.end()


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    with Hub(role="segment", name="segment", token="t", deadlines=SHORT) as hub:
        endpoint = hub.bind("tcp://127.0.0.1:0", accepts=["decode"])
        with pytest.raises(AddressError, match=r"cannot listen at tcp://127.0.0.1:\d+: Address already in use"):
            hub.bind(endpoint.address, accepts=["decode"])
