"""Ports for tests whose processes listen where they are told."""

import atexit
import socket
from typing import Final

MOST: Final = 20  # ports in a row


def free_ports(count: int) -> int:
    """Return the first of so many ports in a row that nobody uses, and that no other test is given meanwhile.

    The port before them is held until this process ends: a stage listens only a second after it was told where, and
    tests beside this one look for free ports as well.
    """
    assert count < MOST
    for before in range(21_000, 32_700, MOST):  # below those that the system gives to whoever asks for any
        try:
            held = socket.create_server(("127.0.0.1", before))
        except OSError:
            continue
        if all(_is_free(port) for port in range(before + 1, before + 1 + count)):
            atexit.register(held.close)
            return before + 1
        held.close()
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
