"""A file in, whether it is the checkpoint that was published, or the one that came first, out."""

import hashlib
from functools import lru_cache
from pathlib import Path

from weights.errors import WeightsError
from weights.manifest import Entry
from weights.pins import pin_of, pin_path

REMEMBERED = 64  # files whose hash is known
BLOCK = 1 << 20  # bytes hashed at once


def check(path: Path, wanted: Entry, place: Path | None = None) -> None:
    """Raise WeightsError if a file is not what was published, nor what is pinned at `place`, where it shall lie.

    Where there is nothing to compare it with, its size at most counts.
    """
    try:
        size = path.stat().st_size
        if wanted.bytes and size != wanted.bytes:
            raise WeightsError(
                f"{path} has {size} bytes, {wanted.name} has {wanted.bytes}: it is cut short or another file"
            )
        if wanted.sha256:
            _same(path, wanted.sha256, f"{wanted.name} has {wanted.sha256}: it is another file")
        if pinned := pin_of(place or path):
            pin = pin_path(place or path)
            _same(path, pinned, f"{pin} has {pinned}: it is another file; if that is meant, delete the pin")
    except OSError as error:
        raise WeightsError(f"checkpoint {path} cannot be read: {error.strerror or error}") from error


def digest(path: Path) -> str:
    """Return the sha256 of a file; of one that has not changed since, without reading it again."""
    found = path.stat()
    return _sha256(path, found.st_size, found.st_mtime_ns)


def _same(path: Path, known: str, otherwise: str) -> None:
    found = digest(path)
    if not found.startswith(known):
        raise WeightsError(f"{path} has the sha256 {found[: len(known)]}, {otherwise}")


@lru_cache(REMEMBERED)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Return the hash of a file; size and time make a changed file another question."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            hashed.update(block)
    return hashed.hexdigest()
