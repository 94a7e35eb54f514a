"""The hash that a checkpoint had when it came: `a.pth.sha256` beside `a.pth`, a line as `sha256sum` writes it.

Most of these networks were published without a hash. What came first cannot be checked; that it stays the same can.
One small file each: it travels with its checkpoint, and two that are written at once do not meet.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from weights.errors import StoreError, WeightsError

LONGEST = 4096  # bytes: a hash and a name


def pin_path(path: Path) -> Path:
    """Return where the pin of a checkpoint is kept."""
    return path.with_name(f"{path.name}.sha256")


def pin_of(path: Path) -> str:
    """Return the hash that a checkpoint is pinned to, "" if to none; WeightsError if its pin is damaged."""
    pin = pin_path(path)
    try:
        with pin.open("rb") as file:
            text = file.read(LONGEST).decode("ascii", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise WeightsError(f"{pin} cannot be read: {error.strerror or error}") from error
    found = re.match(r"([0-9a-f]{64})\s", text)
    if not found:
        raise WeightsError(f"{pin} does not begin with a sha256 of 64 digits; delete it to trust {path.name} anew")
    return found[1]


def pin(path: Path, digest: str) -> None:
    """Pin a checkpoint to a hash, in one step; StoreError if that cannot be written."""
    new = pin_path(path).with_name(f"{path.name}.{uuid4().hex}.sha256")
    try:
        new.write_text(f"{digest}  {path.name}\n", "ascii")
        os.replace(new, pin_path(path))
    except OSError as error:
        with suppress(OSError):
            new.unlink()
        raise StoreError(f"{pin_path(path)} cannot be written: {error.strerror or error}") from error
