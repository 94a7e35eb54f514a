"""What the two ends of a link say to each other beside the messages: handshake, credit, end, and control."""

import time
from dataclasses import dataclass, field
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The connecting side introduces itself; repeated until it is answered."""

    token: str  # the secret of this run
    role: str  # what it is: decode, segment, inpaint, encode
    name: str  # which one: inpaint-0
    incarnation: str  # new at every start of the process


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The bound side accepts."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The bound side does not accept, or no longer."""

    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Still here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The receiver allows so many more bytes."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A message follows in the next parts."""

    chunk: int = -1  # the chunk it is sent for; -1 outside chunks
    sent: float = field(default_factory=time.time)  # seconds since 1970, by the sender's clock


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The sender has sent everything."""

    items: int  # how many that was


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The receiver has everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkEnd:
    """The dispatcher has sent every frame of a chunk."""

    chunk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkDone:
    """The replica has sent every patch of a chunk, and is free."""

    chunk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A replica wants to go: it takes no further chunk, and waits for the End."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Encode holds, or has written, the patch of every frame before `upto`."""

    upto: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker is connected and waiting; decode's comes with the StreamInfo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a worker is."""

    frames_in: int
    frames_out: int
    busy_s: float  # seconds its stage computed, as against waited
    held_bytes: int  # of frames and patches it holds
    budget_bytes: int  # of what it may hold
    written: int  # encode: frames given to the encoder
    durable: int  # encode: of these, surely in the file
    filled: int  # inpaint: frames of which something was removed
    redispatched: int  # segment: frames given to a second replica
    duplicates: int  # encode: patches that came twice
    credit_bytes: int  # that it may still send
    early_frames: int  # encode: frames whose patch is here before its turn
    resets: int  # segment: times that the window began anew, at a cut or a gap
    dropped: dict[str, int] = field(default_factory=dict)  # frames let go, by reason
    repeated: int = 0  # encode: clean frames shown once more, where no other was there in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A worker cannot go on."""

    code: int  # the exit code that this deserves
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A worker has something for the log."""

    level: int  # as in logging
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """The supervisor asks decode to end the stream here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The supervisor tells that a worker is gone."""

    name: str
    incarnation: str


Note: TypeAlias = (
    Hello
    | Welcome
    | Refused
    | Beat
    | Grant
    | Item
    | End
    | Ended
    | ChunkEnd
    | ChunkDone
    | Leaving
    | Received
    | Ready
    | Progress
    | Failed
    | Said
    | Drain
    | Lost
)
NOTES: Final[dict[str, type]] = {
    "hello": Hello,
    "welcome": Welcome,
    "refused": Refused,
    "beat": Beat,
    "grant": Grant,
    "item": Item,
    "end": End,
    "ended": Ended,
    "chunk-end": ChunkEnd,
    "chunk-done": ChunkDone,
    "leaving": Leaving,
    "received": Received,
    "ready": Ready,
    "progress": Progress,
    "failed": Failed,
    "said": Said,
    "drain": Drain,
    "lost": Lost,
}
