"""Addresses as the user spells them, checked before anything listens or connects; AddressError says what is wrong."""

import os
import re
import socket
from typing import Final

from transport.errors import AddressError

LAST_PORT: Final = 65535
_TCP: Final = re.compile(r"tcp(\+plain)?://(?P<host>\[[^]\s]+]|[^\s:/]+):(?P<port>[0-9]+|\*)")
_WOULD: Final = "tcp://127.0.0.1:5001 or ipc:///tmp/clean would be"


def check_listen(option: str, address: str) -> None:
    """Raise AddressError unless a stage could listen at an address."""
    found = _TCP.fullmatch(address)
    if not (_is_ipc(address) or (found and (found["port"] == "*" or _is_port(found["port"])))):
        raise AddressError(f"--{option} {address!r} is no address to listen at; {_WOULD}")


def check_connect(option: str, address: str) -> None:
    """Raise AddressError unless a stage could connect to an address, whoever is there."""
    found = _TCP.fullmatch(address)
    if not (_is_ipc(address) or (found and found["host"] != "*" and _is_port(found["port"]))):
        raise AddressError(f"--{option} {address!r} is no address to connect to; {_WOULD}")


def check_metrics(address: str, processes: int) -> None:
    """Raise AddressError unless so many processes can serve metrics, at host:port and the ports that follow."""
    if not address:
        return
    host, _, port = address.rpartition(":")
    if not (_is_port(port) and int(port) + processes - 1 <= LAST_PORT):
        last = LAST_PORT - processes + 1
        raise AddressError(f"--metrics {address!r} cannot be used; HOST:PORT with a port from 1 to {last} is needed")
    for each in range(int(port), int(port) + processes):
        _try_to_listen(host or "127.0.0.1", each)


def _try_to_listen(host: str, port: int) -> None:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        number = error.errno or 0  # below 0 it is one of the resolver's own, which the system does not know
        reason = (os.strerror(number) if number > 0 else error.strerror or "no such host").lower()
        raise AddressError(f"metrics cannot be served at {host}:{port}: {reason}; another one would do") from error


def _is_ipc(address: str) -> bool:
    return address.startswith("ipc://") and len(address) > len("ipc://")


def _is_port(words: str) -> bool:
    return words.isascii() and words.isdigit() and 0 < int(words) <= LAST_PORT
