"""The name of a checkpoint in, the path of a file that is what was published out."""

import hashlib
import os
import sys
from functools import lru_cache
from pathlib import Path

from weights.errors import WeightsError
from weights.manifest import Entry, manifest

__all__ = ["Entry", "WeightsError", "entry", "find", "has", "names", "places"]

VARIABLE = "CLEANPLATE_WEIGHTS"  # a folder, named by the environment
REMEMBERED = 64  # files whose hash is known
BLOCK = 1 << 20  # bytes hashed at once


def find(name: str, folder: Path | None = None) -> Path:
    """Return the file of a checkpoint; WeightsError if it is nowhere, or not the file that was published.

    Looked for in `folder`, then in $CLEANPLATE_WEIGHTS, then in the user's cache directory; the first file counts.
    """
    wanted = entry(name)
    path = _first(wanted, folder)
    if path is None:
        raise WeightsError(_absent(wanted, folder))
    _verify(path, wanted)
    return path


def has(name: str, folder: Path | None = None) -> bool:
    """Return whether there is a file of that name to be found; `find` tells whether it is the right one."""
    return _first(entry(name), folder) is not None


def names() -> tuple[str, ...]:
    """Return every checkpoint that can be asked for."""
    return tuple(manifest())


def entry(name: str) -> Entry:
    """Return what is known of a checkpoint; WeightsError if the name is none."""
    try:
        return manifest()[name]
    except KeyError as error:
        raise WeightsError(f"there is no checkpoint {name}, there are {', '.join(names())}") from error


def places(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that are looked into, in this order."""
    named = os.environ.get(VARIABLE)
    given = [place for place in (folder, Path(named) if named else None) if place]
    return (*given, _cache())


def _cache() -> Path:
    """Return the folder for downloads, as each system has it (XDG Base Directory Specification elsewhere)."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "cleanplate" / "weights"


def _first(wanted: Entry, folder: Path | None) -> Path | None:
    paths = (place / file for place in places(folder) for file in wanted.files)
    return next((path for path in paths if os.path.isfile(path)), None)  # an unreadable folder has none


def _absent(wanted: Entry, folder: Path | None) -> str:
    looked = ", ".join(str(place) for place in places(folder))
    return (
        f"checkpoint {wanted.name} is absent: {wanted.files[0]} was looked for in {looked}; it can be had from "
        f"{wanted.urls[0]} (licence of the code: {wanted.code_licence}, of the weights: {wanted.weights_licence}); "
        f"without it, {wanted.without}"
    )


def _verify(path: Path, wanted: Entry) -> None:
    try:
        found = path.stat()
        if wanted.bytes and found.st_size != wanted.bytes:
            raise WeightsError(
                f"{path} has {found.st_size} bytes, {wanted.name} has {wanted.bytes}: it is cut short or another file"
            )
        if not wanted.sha256:
            return
        digest = _sha256(path, found.st_size, found.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"checkpoint {path} cannot be read: {error.strerror or error}") from error
    if not digest.startswith(wanted.sha256):
        shown = digest[: len(wanted.sha256)]
        raise WeightsError(f"{path} has the sha256 {shown}, {wanted.name} has {wanted.sha256}: it is another file")


@lru_cache(REMEMBERED)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    """Return the hash of a file; size and time make a changed file another question."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
