"""How long the waits of a link may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long each wait may take, in seconds."""

    connect: float = 30.0  # from connecting to being welcomed
    silence: float = 10.0  # a peer that is not heard for so long is lost
    beat: float = 1.0  # between signs of life where nothing else is sent
    send: float = 10.0  # a socket that takes nothing for so long is broken
    linger: float = 2.0  # for the last notes, when the process ends
