"""The name of a checkpoint in, its file out, from the first of its addresses that gives it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from weights import drive, http
from weights.check import check, digest
from weights.errors import FetchError, LicenceError, StoreError, WeightsError
from weights.limits import DEADLINE_S, Limits, Progress, quiet
from weights.load import entry, find, places, where
from weights.manifest import Entry
from weights.store import Stored, settle, stored

NEEDED = ("filelock", "gdown", "requests")  # the extra `fetch`


def fetch(name: str, folder: Path | None = None, *, accepted: bool = False, progress: Progress = quiet) -> Stored:
    """Return the file of a checkpoint, which is fetched if it is nowhere, into the first of the places.

    What is there under the name is whole and verified, always; what is not is called `.part` and goes on from where it
    was interrupted. LicenceError unless its terms, where they are not for everybody, are `accepted`; FetchError if no
    address gives it, StoreError if it cannot be written, WeightsError if what is there already is another file.
    """
    wanted = entry(name)
    if where(name, folder):
        return stored(wanted, find(name, folder))
    if wanted.restricted and not accepted:
        raise LicenceError(f"{name} is not for every purpose: {wanted.licence}; with --accept-licence it is fetched")
    if not all(find_spec(package) for package in NEEDED):
        raise FetchError(f"fetching needs {' and '.join(NEEDED)}; pip install 'cleanplate[fetch]' brings them")
    target = places(folder)[0] / wanted.files[0]
    part = target.with_name(f"{target.name}.part")
    with _alone(part):
        if where(name, folder):
            return stored(wanted, find(name, folder))  # another process has fetched it meanwhile
        _from_any(wanted, part, target, Limits(largest=wanted.largest, progress=progress))
        fetched = settle(part, wanted, target, digest(part))
        http.forget(part)
        return fetched


@contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Hold a file against other processes, which wait; make its folder. OSError becomes StoreError."""
    from filelock import FileLock, Timeout

    lock = part.with_name(f".{part.name}.lock")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock, timeout=DEADLINE_S):
            try:
                yield
            finally:  # filelock begins anew with a file whose name is gone; on Windows it deletes it itself
                with suppress(OSError):
                    lock.unlink()
    except Timeout as error:
        raise FetchError(f"another process has been fetching {part.stem} for {DEADLINE_S:g} s") from error
    except OSError as error:
        raise StoreError(f"{part} cannot be written: {error.strerror or error}") from error


def _from_any(wanted: Entry, part: Path, target: Path, limits: Limits) -> None:
    """Fill `part` with what was published; FetchError that says of each address why it did not give it."""
    failures = []
    for url in wanted.urls:
        way = drive if drive.is_drive(url) else http
        try:
            way.download(url, part, limits)
            check(part, wanted, target)
        except WeightsError as error:
            failures.append(str(error))
            if not isinstance(error, FetchError):  # it is not interrupted, it is another file
                way.forget(part)
        else:
            return
    raise FetchError("; ".join(failures))
