"""A function of plain loops over arrays in, the same function compiled out.

The machine code is kept on disk, so that only the first process on a machine waits for the compiler. Compiled functions
release the GIL and run on one thread.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])
Number = Any  # a scalar in compiled code: of 32 bits or 64, as the arrays that it comes from

_CHOSEN = vars(config)["CACHE_DIR"]  # by the user, in NUMBA_CACHE_DIR


def compiled(function: F) -> F:
    """Return the function compiled, at its first call, for the types it is called with."""
    folder = _CHOSEN or _store(Path(function.__code__.co_filename).parent)
    vars(config)["CACHE_DIR"] = folder
    try:
        return cast(F, numba.njit(cache=bool(folder), nogil=True, fastmath=True)(function))
    finally:
        vars(config)["CACHE_DIR"] = _CHOSEN


@cache
def _store(package: Path) -> str:
    """Return the folder for a package's machine code: a new one whenever any source of the package changes.

    Numba looks at the file of the function alone, not at those of the functions that it calls. Empty where no folder
    can be written, as in a container without a volume: then every process compiles for itself.
    """
    sources = b"".join(path.read_bytes() for path in sorted(package.glob("*.py")))
    name = f"compiled-{hashlib.sha256(sources).hexdigest()[:16]}"
    if os.access(package, os.W_OK):
        return str(package / "__pycache__" / name)
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cleanplate" / name
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: whoever runs this has no home
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""
