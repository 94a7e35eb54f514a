"""How a run ended: its ledger, its exit code, and what went wrong in one sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.ledger import Ledger
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


def account(progress: Mapping[str, Progress], failure: Failure | None, *, restarts: int, seconds: float) -> Outcome:
    """Return the outcome that follows from how far each worker came."""
    encode = progress.get("encode") or progress.get("track", NOTHING)
    written = encode.written
    frames_in = max(progress.get("decode", NOTHING).frames_in, written)  # a killed decode's last report may be old
    ledger = Ledger(
        frames_in=frames_in,
        frames_out=written,
        dropped={"not written": frames_in - written} if failure and frames_in > written else {},
        filled=encode.filled,
        redispatched=progress.get("segment", NOTHING).redispatched,
        duplicates=encode.duplicates,
        restarts=restarts,
        seconds=seconds,
    )
    if failure is None:
        return Outcome(ledger=ledger)
    return Outcome(ledger=ledger, code=failure.code, sentence=failure.sentence)
