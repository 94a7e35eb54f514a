"""Which exit code each kind of failure has, and errors of running as such."""

from typing import Final

from stages.errors import LostError, ModelError, OptionError, PromptError, SinkError, SourceError, StageError
from transport.errors import AddressError, TransportError
from weights.errors import FetchError, LicenceError, StoreError, WeightsError

DIFFERENT: Final = 1  # inspect found a difference
USAGE: Final = 2  # argparse's own
UNEXPECTED: Final = 70
INTERRUPTED: Final = 130
TERMINATED: Final = 143


class RunError(Exception):
    """The pipeline as such failed: a stage died, a replica could not be kept alive."""


class LedgerError(RunError):
    """Frames in and frames out do not balance."""


EXIT_CODES: Final[tuple[tuple[type[Exception], int], ...]] = (
    (SourceError, 3),
    (PromptError, 4),
    (LostError, 12),
    (ModelError, 13),
    (SinkError, 5),
    (OptionError, 6),
    (LedgerError, 9),
    (RunError, 7),
    (AddressError, 8),
    (TransportError, 10),
    (StageError, 11),
    (FetchError, 14),
    (StoreError, 5),
    (LicenceError, 6),
    (WeightsError, 13),
)


def exit_code(error: BaseException) -> int:
    """Return the exit code that an error deserves."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), UNEXPECTED)


def sentence(error: BaseException) -> str:
    """Return the one line that the user gets to see of an error."""
    text = " ".join(str(error).split())
    return text if exit_code(error) != UNEXPECTED else f"unexpected {type(error).__name__}: {text}"
