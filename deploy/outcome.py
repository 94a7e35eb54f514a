"""How a run ended: its ledger, its exit code, and what went wrong in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.ledger import Ledger
from deploy.policy import BEHIND, BROKE_OFF
from transport.notes import Progress

NOTHING = Progress(
    frames_in=0,
    frames_out=0,
    busy_s=0.0,
    held_bytes=0,
    budget_bytes=0,
    written=0,
    durable=0,
    filled=0,
    redispatched=0,
    duplicates=0,
    credit_bytes=0,
    early_frames=0,
    resets=0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The first thing that went wrong."""

    code: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """The end of a run."""

    ledger: Ledger
    code: int = 0
    sentence: str = ""  # of what went wrong, empty if nothing did


def account(
    progress: Mapping[str, Progress], failure: Failure | None, *, live: bool, restarts: int, seconds: float
) -> Outcome:
    """Return the outcome that follows from how far each worker came."""
    encode = progress.get("encode") or progress.get("track", NOTHING)
    frames_in, dropped = (_live if live else _waited_for)(progress, encode)
    missing = frames_in + encode.repeated - encode.written - sum(dropped.values())
    if failure and missing > 0:
        dropped["not written"] = missing
    ledger = Ledger(
        frames_in=frames_in,
        frames_out=encode.written,
        dropped={why: count for why, count in dropped.items() if count},
        repeated=encode.repeated,
        filled=encode.filled,
        redispatched=progress.get("segment", NOTHING).redispatched,
        duplicates=encode.duplicates,
        restarts=restarts,
        seconds=seconds,
    )
    if failure is None:
        return Outcome(ledger=ledger)
    return Outcome(ledger=ledger, code=failure.code, sentence=failure.sentence)


def _waited_for(progress: Mapping[str, Progress], encode: Progress) -> tuple[int, dict[str, int]]:
    """Return how many frames there were, and which were dropped, where every frame is waited for: none."""
    return max(progress.get("decode", NOTHING).frames_in, encode.written), {}  # a killed decode's last word may be old


def _live(progress: Mapping[str, Progress], encode: Progress) -> tuple[int, dict[str, int]]:
    """Return the same for a live source; what a decode that broke off had not handed on is lost with it."""
    decode, taken = progress.get("decode", NOTHING), progress.get("segment", NOTHING).frames_in
    dropped = decode.dropped | encode.dropped
    behind = decode.dropped.get(BEHIND, 0)
    dropped[BROKE_OFF] = max(0, decode.frames_in - behind - taken)
    return max(decode.frames_in, taken + behind), dropped
