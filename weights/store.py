"""A checkpoint's file in, the same file where checkpoints lie out: checked, pinned if nobody published a hash."""

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from weights.check import check, digest
from weights.errors import StoreError, WeightsError
from weights.load import entry, places
from weights.manifest import WHOLE, Entry
from weights.pins import pin, pin_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A checkpoint that is there."""

    path: Path
    published: str  # its hash, or the beginning, as its publisher has it; "" if they have none
    pinned: str  # its hash when it came; "" if it was put there by hand

    @property
    def trust(self) -> str:
        """What its content is held against, in words."""
        if len(self.published) == WHOLE:
            return f"sha256 {self.published}, as published"
        beginning = f"published is {self.published}..." if self.published else "none is published"
        if self.pinned:
            return f"pinned to sha256 {self.pinned} ({beginning})"
        return f"sha256 not pinned ({beginning}): `cleanplate weights add` pins it"


def stored(wanted: Entry, path: Path) -> Stored:
    """Return what is known of a file that is there."""
    return Stored(path=path, published=wanted.sha256, pinned=pin_of(path))


def add(name: str, file: Path, folder: Path | None = None) -> Stored:
    """Take a file that the user has fetched into the first of the places, by a hard link if that can be.

    WeightsError if it is not what was published or pinned, StoreError if it cannot be written.
    """
    wanted, place = entry(name), places(folder)[0]
    target = place / wanted.files[0]
    if not file.is_file():
        raise WeightsError(f"{file} is no file; what was fetched for {name} was expected")
    check(file, wanted, target)
    if target.exists() and target.samefile(file):
        return _pinned(wanted, target, digest(file))
    new = place / f".{uuid4().hex}.{target.name}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        _link_or_copy(file, new)
        return settle(new, wanted, target, digest(file))
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            new.unlink()


def settle(new: Path, wanted: Entry, target: Path, found: str) -> Stored:
    """Give a checked file of the same folder its name, in one step; the pin to its hash comes first. OSError if not."""
    known = _pinned(wanted, target, found)
    os.replace(new, target)
    return known


def _pinned(wanted: Entry, target: Path, found: str) -> Stored:
    if len(wanted.sha256) < WHOLE:
        pin(target, found)
    return stored(wanted, target)


def _link_or_copy(file: Path, new: Path) -> None:
    try:
        os.link(file.resolve(), new)
    except OSError:  # another file system, or one without links
        shutil.copyfile(file, new)
