"""A real server of moving pictures, looked at through real sockets."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from deploy.preview import COLOUR, Preview, clean_picture, masked_picture
from tests.clips import Clip, message
from transport.errors import AddressError
from transport.messages import Box, CleanFrame, Mask, Patch

GREY = Clip(width=64, height=48)


def plain(value: int, width: int = 64) -> Callable[[], np.ndarray]:
    return lambda: np.full((48, width, 3), value, np.uint8)


@pytest.fixture
def preview() -> Iterator[Preview]:
    made = Preview(("segment", "encode"), fps=50, most_clients=3)
    yield made
    made.close()


class Viewer:
    """Somebody who looks."""

    def __init__(self, address: str, path: str = "/preview/encode", host: str = "localhost") -> None:
        name, _, port = address.rpartition(":")
        self.socket = socket.create_connection((name, int(port)), timeout=10)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")

    def head(self) -> str:
        """The answer's status and fields."""
        return b"".join(iter(self.file.readline, b"\r\n")).decode()

    def picture(self) -> np.ndarray:
        """The next picture, RGB."""
        length = int(re.findall(r"Content-Length: (\d+)", self.head())[0])
        data = np.frombuffer(self.file.read(length), np.uint8)
        assert self.file.read(2) == b"\r\n"
        return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]

    def __enter__(self) -> "Viewer":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()


def test_a_viewer_sees_the_latest_picture_and_then_the_next(preview: Preview):
    address = preview.serve("127.0.0.1:0")
    for value in (10, 20, 200):
        preview.offer("encode", plain(value))
    with Viewer(address) as viewer:
        assert "multipart/x-mixed-replace; boundary=picture" in viewer.head()
        assert abs(viewer.picture().mean() - 200) < 2
        preview.offer("encode", plain(90))
        assert abs(viewer.picture().mean() - 90) < 2


def test_names_have_pictures_of_their_own(preview: Preview):
    address = preview.serve("127.0.0.1:0")
    preview.offer("encode", plain(200))
    preview.offer("segment", plain(50))
    with Viewer(address, "/preview/segment") as viewer:
        viewer.head()
        assert abs(viewer.picture().mean() - 50) < 2


def test_nothing_is_drawn_while_nobody_looks(preview: Preview):
    preview.serve("127.0.0.1:0")
    for _ in range(100):
        preview.offer("encode", plain(1))
    assert preview.views["encode"].drawn == 0


def test_a_picture_is_drawn_once_for_all_who_look_and_not_more_often_than_asked():
    preview = Preview(("encode",), fps=4, most_clients=3)
    address = preview.serve("127.0.0.1:0")
    stop = threading.Event()

    def camera() -> None:
        while not stop.wait(0.005):
            preview.offer("encode", plain(int(time.monotonic() * 50) % 250))

    threading.Thread(target=camera).start()
    started = time.monotonic()
    try:
        with Viewer(address) as one, Viewer(address) as two:
            one.head()
            two.head()
            for _ in range(4):
                one.picture()
                two.picture()
            drawn, took = preview.views["encode"].drawn, time.monotonic() - started
    finally:
        stop.set()
        preview.close()
    assert 4 <= drawn <= 4 * took + 2
    assert took >= 3 / 4  # three pauses lie between four pictures


def test_a_viewer_who_takes_nothing_keeps_nobody_waiting(preview: Preview):
    address = preview.serve("127.0.0.1:0")
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8)
    with Viewer(address), Viewer(address) as awake:
        awake.head()
        for _ in range(30):
            preview.offer("encode", lambda: noise)
            assert awake.picture().shape == (480, 640, 3)


def test_there_is_room_for_a_few_and_again_when_one_leaves(preview: Preview):
    address = preview.serve("127.0.0.1:0")
    preview.offer("encode", plain(7))
    viewers = [Viewer(address) for _ in range(3)]
    for viewer in viewers:
        assert "200 OK" in viewer.head()
    with Viewer(address) as fourth:
        assert fourth.head().startswith("HTTP/1.0 503")
    for viewer in viewers:
        viewer.__exit__()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        preview.offer("encode", plain(8))  # a viewer's leaving is noticed when a picture is sent
        with Viewer(address) as next_one:
            if "200 OK" in next_one.head():
                return
        time.sleep(0.05)
    pytest.fail("the places stay taken")


@pytest.mark.parametrize(
    ("path", "host", "said"),
    [
        ("/preview/none", "localhost", "404 there is /preview/segment, /preview/encode"),
        ("/", "127.0.0.1", "404 there is"),
        ("/preview/encode", "evil.example", "403 ask for it by its address"),
        ("/preview/encode", "127.0.0.1.evil.example", "403 ask for it by its address"),
    ],
)
def test_what_there_is_not_is_not_shown(preview: Preview, path: str, host: str, said: str):
    address = preview.serve("127.0.0.1:0")
    with Viewer(address, path, host) as viewer:
        assert said in viewer.head()


def test_an_address_that_is_taken_is_said(preview: Preview):
    address = preview.serve("127.0.0.1:0")
    for wrong in (address, "127.0.0.1:no", "nowhere.invalid:0"):
        with pytest.raises(AddressError, match=f"cannot serve the preview at {wrong}"):
            Preview(("encode",)).serve(wrong)


def test_a_wide_picture_is_made_smaller():
    preview = Preview(("encode",), width=32)
    preview.offer("encode", plain(9, width=128))
    _, data = preview.views["encode"].after(0)
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (12, 32, 3)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "gray", "rgb24"])
def test_of_what_is_removed_nothing_can_be_seen(rotation: int, pixel_format: str):
    picture = replace(GREY.format, rotation=rotation, pixel_format=pixel_format)
    frame = message(3, picture, 3)
    alpha = np.zeros((16, 24), np.uint8)
    alpha[2:, 3:] = 1  # hardly anything, and still to be removed
    shown = masked_picture(frame, Mask(box=Box(x=8, y=20, width=24, height=16), alpha=alpha))
    hidden = np.zeros((48, 64), bool)
    hidden[22:36, 11:32] = True
    hidden = np.rot90(hidden, rotation // 90)
    assert (shown[hidden] == COLOUR).all()
    assert not (shown[~hidden] == COLOUR).all(axis=1).any()


def test_the_clean_picture_is_the_one_that_goes_out():
    frame = message(3, GREY.format, 3)
    box = Box(x=8, y=20, width=24, height=16)
    pixels = np.tile(np.array([60, 128, 128], np.uint8), (16, 24))
    patch = Patch(seq=3, mask=Mask(box=box, alpha=np.full((16, 24), 255, np.uint8)), pixels=pixels)
    shown = clean_picture(CleanFrame(frame=frame, patch=patch))
    assert np.ptp(shown[24:32, 12:28]) <= 4
    assert shown.shape == (48, 64, 3)
