"""A function of plain loops over arrays in, the same function compiled out.

The machine code is kept on disk, so that only the first process on a machine waits for the compiler. Compiled functions
release the GIL and run on one thread.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])
Number = Any  # a scalar in compiled code: of 32 bits or 64, as the arrays that it comes from


def _store() -> str:
    """Return the folder for machine code: a new one whenever any source here changes.

    Numba looks at the file of the function alone, not at those of the functions that it calls.
    """
    here = Path(__file__).parent
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    name = f"compiled-{hashlib.sha256(sources).hexdigest()[:16]}"
    if os.access(here, os.W_OK):
        return str(here / "__pycache__" / name)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return str(caches / "cleanplate" / name)


if not vars(config)["CACHE_DIR"]:
    vars(config)["CACHE_DIR"] = _store()


def compiled(function: F) -> F:
    """Return the function compiled, at its first call, for the types it is called with."""
    return cast(F, numba.njit(cache=True, nogil=True, fastmath=True)(function))
