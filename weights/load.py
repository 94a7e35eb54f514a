"""The name of a checkpoint in, the path of a file that is what was published out."""

import os
import sys
from pathlib import Path

from weights.check import check
from weights.errors import WeightsError
from weights.manifest import Entry, manifest

__all__ = ["Entry", "WeightsError", "entry", "find", "has", "names", "places", "where"]

VARIABLE = "CLEANPLATE_WEIGHTS"  # a folder, named by the environment


def find(name: str, folder: Path | None = None) -> Path:
    """Return the file of a checkpoint; WeightsError if it is nowhere, or not the file that was published or pinned.

    Looked for in `folder`, then in $CLEANPLATE_WEIGHTS, then in the user's cache directory; the first file counts.
    """
    path = where(name, folder)
    if path is None:
        raise WeightsError(_absent(entry(name), folder))
    check(path, entry(name))
    return path


def has(name: str, folder: Path | None = None) -> bool:
    """Return whether there is a file of that name to be found; `find` tells whether it is the right one."""
    return where(name, folder) is not None


def where(name: str, folder: Path | None = None) -> Path | None:
    """Return the file that `find` would look at, None if there is none; WeightsError if the name is none."""
    paths = (place / file for place in places(folder) for file in entry(name).files)
    return next((path for path in paths if os.path.isfile(path)), None)  # an unreadable folder has none


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
    """Return the folders that are looked into, in this order; what is fetched goes into the first."""
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


def _absent(wanted: Entry, folder: Path | None) -> str:
    looked = ", ".join(str(place) for place in places(folder))
    return (
        f"checkpoint {wanted.name} is absent: {wanted.files[0]} was looked for in {looked}; `cleanplate weights fetch "
        f"{wanted.name}` gets it from {wanted.urls[0]} (licence: {wanted.licence}); without it, {wanted.without}"
    )
