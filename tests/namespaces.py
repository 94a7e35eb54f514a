"""Network namespaces: hosts with a network of their own on one machine, joined by links that can be cut and mended.

They take root, Linux and iproute2; `why_not` tells whether they can be had.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

CLONE_NEWNET: Final = 0x40000000  # linux/sched.h
_NUMBERS = count()


@dataclass(frozen=True, slots=True)
class Host:
    """One namespace, by its name."""

    name: str

    def command(self, *words: str) -> list[str]:
        """Return the command that runs another there."""
        return ["ip", "netns", "exec", self.name, *words]

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let this thread be there: whatever it opens meanwhile belongs there, and stays."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def address(self, device: str, own: str, peer: str) -> None:
        """Give a device an address for its one peer, and switch it on."""
        ip("-n", self.name, "addr", "add", own, "peer", peer, "dev", device)
        self.switch(device, "up")

    def switch(self, device: str, to: str) -> None:
        """Switch a device "up" or "down". Nobody is told: what is sent over it is lost in silence."""
        ip("-n", self.name, "link", "set", device, to)


@contextmanager
def hosts(number: int) -> Iterator[list[Host]]:
    """Make so many hosts that know nobody but themselves; at the end they are gone, and their links."""
    with ExitStack() as stack:
        yield [stack.enter_context(_host()) for _ in range(number)]


@contextmanager
def _host() -> Iterator[Host]:
    host = Host(f"cleanplate-{os.getpid()}-{next(_NUMBERS)}")
    ip("netns", "add", host.name)
    try:
        host.switch("lo", "up")
        yield host
    finally:
        ip("netns", "delete", host.name)


def join(one: Host, its_address: str, other: Host, other_address: str) -> None:
    """Join two hosts by a cable. The device at each end has the name of the host at the other."""
    ends = [_device(other), "netns", one.name, "type", "veth", "peer", "name", _device(one), "netns", other.name]
    ip("link", "add", *ends)
    one.address(_device(other), its_address, other_address)
    other.address(_device(one), other_address, its_address)


def cut(host: Host, peer: Host) -> None:
    """Pull the plug of the cable to a peer: neither end hears of it."""
    host.switch(_device(peer), "down")


def why_not() -> str:
    """Return why there can be no namespaces here; "" where there can."""
    if not Path("/proc/thread-self/ns/net").exists():
        return "network namespaces are Linux'"
    try:
        with hosts(2) as (one, other):
            join(one, "10.77.0.1", other, "10.77.0.2")
            with one.inside():
                pass
    except (OSError, subprocess.CalledProcessError) as error:
        return f"network namespaces take root and iproute2: {error}"
    return ""


def ip(*words: str) -> None:
    """Run iproute2's `ip`."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _device(peer: Host) -> str:
    """Return the name of the device to a host; 15 characters are allowed."""
    return f"to-{peer.name.rpartition('-')[2]}"


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # os.setns is only in Python 3.12
    if libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")
