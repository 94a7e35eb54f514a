"""Frames through one hop, side by side: our link, imagezmq, multiprocessing.Queue and a memcpy of the same bytes.

`python -m tests.bench.hop` prints messages per second over ipc and tcp, ours encrypted and plain, and the ratios; every
figure comes from a process of its own that receives, and one that sends, interleaved so that the machine's mood is
shared.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from deploy.spawn import MALLOC
from transport.links import Inlet, Outlet
from transport.messages import Frame, PictureFormat
from transport.sockets import Hub

WIDTH, HEIGHT = 1920, 1080
PICTURE = PictureFormat(width=WIDTH, height=HEIGHT, pixel_format="yuv420p")
BUDGET = 8 * WIDTH * HEIGHT * 3 // 2


def _planes() -> tuple[np.ndarray, ...]:  # type: ignore[type-arg]
    """Return a picture as decode makes it: its planes in one block of memory."""
    block = np.random.default_rng(0).integers(0, 255, WIDTH * HEIGHT * 3 // 2, np.uint8)
    luma, chroma = WIDTH * HEIGHT, WIDTH * HEIGHT // 4
    halves = (block[luma : luma + chroma], block[luma + chroma :])
    return block[:luma].reshape(HEIGHT, WIDTH), *(half.reshape(HEIGHT // 2, WIDTH // 2) for half in halves)


def _touch(array: np.ndarray) -> int:  # type: ignore[type-arg]
    """Read a byte of every page, as a consumer would at the least."""
    return int(array.reshape(-1)[::4096].sum())


def send_link(address: str, count: int) -> None:
    """Send frames over our link."""
    with Hub(role="decode", name="decode", token="t") as hub:
        outlet, planes = Outlet(hub, hub.connect(address)), _planes()
        for seq in range(count):
            outlet.send(Frame(seq=seq, pts=seq, duration=1, key=False, format=PICTURE, planes=planes))
        outlet.end()


def receive_link(kind: str, count: int) -> float:
    """Return frames per second over our link."""
    where = f"ipc://@cleanplate-bench-{os.getpid()}" if kind == "ipc" else f"{kind}://127.0.0.1:0"
    with Hub(role="segment", name="segment", token="t") as hub:
        endpoint = hub.bind(where, accepts=["decode"])
        inlet = Inlet(hub, endpoint, (Frame,), budget=BUDGET)
        sender = _start("send_link", endpoint.address, count)
        return _rate((frame.planes for frame in inlet if isinstance(frame, Frame)), count, sender)


def send_imagezmq(address: str, count: int) -> None:
    """Send frames as imagezmq does."""
    import imagezmq

    sender, picture = imagezmq.ImageSender(connect_to=address), np.concatenate([p.reshape(-1) for p in _planes()])
    picture = picture.reshape(HEIGHT * 3 // 2, WIDTH)
    for seq in range(count):
        sender.send_image(str(seq), picture)


def receive_imagezmq(kind: str, count: int) -> float:
    """Return frames per second over imagezmq (REQ/REP, as its README has it)."""
    import imagezmq

    where = f"ipc://@imagezmq-bench-{os.getpid()}" if kind == "ipc" else f"tcp://127.0.0.1:{20000 + os.getpid() % 9999}"
    hub = imagezmq.ImageHub(open_port=where)
    sender = _start("send_imagezmq", where, count)

    def pictures():  # type: ignore[no-untyped-def]
        for _ in range(count):
            _, picture = hub.recv_image()
            yield (picture,)
            hub.send_reply()

    return _rate(pictures(), count, sender)


def receive_queue(_: str, count: int) -> float:
    """Return frames per second through a multiprocessing.Queue of four places."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[np.ndarray] = context.Queue(4)  # type: ignore[type-arg]
    process = context.Process(target=_send_queue, args=(queue, count))
    process.start()
    rate = _rate(((queue.get(),) for _ in range(count)), count, None)
    process.join()
    return rate


def _send_queue(queue, count: int) -> None:  # type: ignore[no-untyped-def]
    picture = np.concatenate([p.reshape(-1) for p in _planes()])
    for _ in range(count):
        queue.put(picture)


def receive_memcpy(_: str, count: int) -> float:
    """Return copies per second of the same bytes within one process."""
    source = np.concatenate([p.reshape(-1) for p in _planes()])
    target = np.empty_like(source)

    def copies():  # type: ignore[no-untyped-def]
        for _ in range(count):
            np.copyto(target, source)
            yield (target,)

    return _rate(copies(), count, None)


def _rate(frames, count: int, sender) -> float:  # type: ignore[no-untyped-def]
    """Return the frames per second from the first tenth to the last."""
    skip, started = count // 10, 0.0
    for seen, planes in enumerate(frames, 1):
        for plane in planes:
            _touch(plane)
        if seen == skip:
            started = time.perf_counter()
    elapsed = time.perf_counter() - started
    if sender is not None:
        sender.wait(30)
    return (count - skip) / elapsed


def _start(function: str, address: str, count: int) -> "subprocess.Popen[bytes]":
    code = f"from tests.bench.hop import {function}; {function}({address!r}, {count})"
    return subprocess.Popen([sys.executable, "-c", code])


def _measure(function: str, kind: str, count: int) -> float:
    """Run one measurement in a process of its own, with the allocator set as the pipeline sets it."""
    code = f"from tests.bench.hop import {function}; print({function}({kind!r}, {count}))"
    environment = {**os.environ, **MALLOC} if function == "receive_link" else dict(os.environ)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return float(run.stdout)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    ways = [
        ("memcpy", "receive_memcpy", "-"),
        ("link, ipc", "receive_link", "ipc"),
        ("link, tcp", "receive_link", "tcp"),
        ("link, tcp+plain", "receive_link", "tcp+plain"),
        ("imagezmq, ipc", "receive_imagezmq", "ipc"),
        ("imagezmq, tcp", "receive_imagezmq", "tcp"),
        ("multiprocessing.Queue", "receive_queue", "-"),
    ]
    rates: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    for _ in range(arguments.runs):
        for name, function, kind in ways:
            rates[name].append(_measure(function, kind, arguments.frames))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"1080p yuv420p, {arguments.frames} frames, median of {arguments.runs} runs")
    for name, value in medians.items():
        print(f"{name:24}{value:9.0f} frames/s   x{value / medians['imagezmq, tcp']:.2f} of imagezmq over tcp")
    print(json.dumps(medians))


if __name__ == "__main__":
    main()
