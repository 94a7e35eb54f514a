"""The other end of a link, and what a link is told of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from transport import codec
from transport.notes import Note


@dataclass(slots=True, kw_only=True, eq=False)
class Peer:
    """The other end of a link, as this end knows it."""

    id: bytes  # ZeroMQ's routing id; empty at the connecting side
    role: str = ""
    name: str = ""
    incarnation: str = ""
    welcome: bool = False
    heard: float = field(default_factory=time.monotonic)
    sent: float = 0.0


class Link(Protocol):
    """What is made of an endpoint: told who comes, what they say, and who is lost. Called with the hub's lock held."""

    def joined(self, peer: Peer) -> None: ...
    def heard(self, peer: Peer, note: Note, parts: Sequence[codec.Part]) -> None: ...
    def lost(self, peer: Peer) -> None: ...
