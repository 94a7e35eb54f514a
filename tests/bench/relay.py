"""Two hosts joined by a network as bad as it is told to be: a TUN device in each, and a thread that carries packets.

What `tc netem` does, on kernels that have none. Takes what tests/namespaces.py takes, and /dev/net/tun.
"""

import contextlib
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from tests.namespaces import Host

TUNSETIFF: Final = 0x400454CA  # linux/if_tun.h, as the next two
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DEVICE: Final = "far"
MTU: Final = 1500
MOST_WAITING: Final = 10_000  # packets under way; what comes beside them is lost, as in any queue
BATCH: Final = 64  # packets that are taken from one side before the other has its turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How the network is, in both directions alike."""

    delay_s: float = 0.0  # one way
    loss: float = 0.0  # share of the packets
    cut: bool = False  # nothing gets through, and nobody is told


class Relay:
    """The network between two hosts, from `with` to its end; `weather` may be changed at any time."""

    def __init__(self, one: Host, its_address: str, other: Host, other_address: str) -> None:
        self.weather = Weather()
        self.carried = self.lost = 0  # packets
        self._ends = [_tun(one, its_address, other_address), _tun(other, other_address, its_address)]
        self._waiting: list[tuple[float, int, int, bytes]] = []  # due when, count, for whom, the packet
        self._dice = random.Random(0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        for end in self._ends:
            os.close(end)

    def _run(self) -> None:
        while not self._over.is_set():
            left = self._waiting[0][0] - time.monotonic() if self._waiting else 0.1
            for end in select.select(self._ends, [], [], min(0.1, max(0.0, left)))[0]:
                self._take(end)
            self._deliver()

    def _take(self, end: int) -> None:
        there = self._ends[1 - self._ends.index(end)]
        with contextlib.suppress(BlockingIOError):  # that was all
            for _ in range(BATCH):
                packet, weather = os.read(end, 2 * MTU), self.weather
                if weather.cut or self._dice.random() < weather.loss or len(self._waiting) >= MOST_WAITING:
                    self.lost += 1
                    continue
                self.carried += 1
                heapq.heappush(self._waiting, (time.monotonic() + weather.delay_s, self.carried, there, packet))

    def _deliver(self) -> None:
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, _, there, packet = heapq.heappop(self._waiting)
            with contextlib.suppress(BlockingIOError):  # its queue is full: the packet is lost
                os.write(there, packet)


def _tun(host: Host, own: str, peer: str) -> int:
    """Make a device in a host whose packets are read from and written to a file, and return that."""
    with host.inside():
        end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    host.address(DEVICE, own, peer)
    return end
