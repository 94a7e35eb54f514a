"""The account of a run: frames in + those shown again = frames out + those dropped, by reason."""

from dataclasses import dataclass, field

from deploy.errors import LedgerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What became of every frame."""

    frames_in: int
    frames_out: int
    dropped: dict[str, int] = field(default_factory=dict)
    repeated: int = 0  # of frames_out, those that are the one before once more
    filled: int = 0  # of frames_out, those of which something was removed
    redispatched: int = 0
    duplicates: int = 0
    restarts: int = 0
    seconds: float = 0.0

    @property
    def imbalance(self) -> int:
        """Frames that nobody can account for; 0 or something is wrong."""
        return self.frames_in + self.repeated - self.frames_out - sum(self.dropped.values())

    def check(self) -> None:
        """Raise LedgerError unless it balances."""
        if self.imbalance:
            raise LedgerError(f"the ledger does not balance, {self.imbalance} frames are unaccounted for: {self}")

    def __str__(self) -> str:
        dropped = "".join(f" + {count} dropped ({reason})" for reason, count in self.dropped.items())
        repeated = f" + {self.repeated} repeated" if self.repeated else ""
        rate = f", {self.frames_out / self.seconds:.1f} fps" if self.seconds else ""
        text = f"in {self.frames_in}{repeated} = out {self.frames_out}{dropped}; filled {self.filled}{rate}"
        if self.restarts:
            text += (
                f"; {self.restarts} replicas restarted, {self.redispatched} frames given out again, "
                f"{self.duplicates} duplicates discarded"
            )
        return text
