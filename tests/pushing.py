"""What the tests of pushes share: a stream that is put as a camera's is, and what of it reached the server."""

import contextlib
import time
from collections.abc import Callable, Iterator

from deploy.push import Push
from tests.clips import Clip, number_in
from tests.rtp import pictures_of
from tests.rtsp import RtspServer
from tests.stages.live import TICKS
from transport.messages import Packet, StreamInfo

CAMERA = Clip(frames=50, time_base=TICKS, width=320, height=240)
PATIENCE_S = 25.0  # of a test with a process on a busy machine
STEP_S = 0.004  # between two packets: ten times real time
LONGEST_S = 2.0  # that a call may take on a busy machine; one that waits for a server takes longer


def feed(push: Push, packets: Iterator[Packet], until: Callable[[], bool]) -> None:
    """Put packets as a camera does, until something is true; no call may ever wait."""
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, f"it never came true; {push.state}"
        started = time.monotonic()
        push.put(next(packets))
        assert time.monotonic() - started < LONGEST_S
        time.sleep(STEP_S)


@contextlib.contextmanager
def pushing(info: StreamInfo, url: str, **bounds: float) -> Iterator[Push]:
    push = Push(url, **bounds)
    push.begin(info)
    try:
        yield push
    finally:
        push.end()
        push.join(time.monotonic() + 5)


def arrived(server: RtspServer) -> int:
    """How many packets the latest push to the server has brought."""
    push = server.pushes.get("clean")
    return len(push.packets) if push else 0


def pictures(server: RtspServer) -> list[int]:
    """The numbers in the pictures that the latest push has brought."""
    push = server.pushes["clean"]
    return [
        number_in(picture) for _, picture in pictures_of([data for way, data in push.packets if way == 0], push.sdp)
    ]
