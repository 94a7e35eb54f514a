"""What a user may say about networks, and what is wrong with what was said or given, in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from stages.errors import ModelError, OptionError
from stages.nets.numbers import PRECISIONS


def check_precision(precision: str) -> None:
    """Raise OptionError for a precision that there is not."""
    if precision not in PRECISIONS:
        raise OptionError(f"there is no precision {precision!r}; the known ones are {', '.join(PRECISIONS)}")


@contextmanager
def making(what: str) -> Iterator[None]:
    """Make a network within: a wrong checkpoint is a ModelError, a device that is not there an OptionError."""
    from stages.nets.checkpoint import CheckpointError
    from stages.nets.numbers import DeviceError

    try:
        yield
    except CheckpointError as error:
        raise ModelError(f"{what}: {error}") from error
    except DeviceError as error:
        raise OptionError(f"{what} {error}") from error
