"""Starting a worker process: its command, its environment, its Spec through a pipe."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

# Frames are large and short-lived: without this glibc maps and unmaps every one of them, and the page faults halve
# the speed of the links (tests/bench/hop.py).
MALLOC: Final = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 32),
    "MALLOC_TOP_PAD_": str(1 << 26),
    "MALLOC_ARENA_MAX": "1",  # one heap, not one for every thread: what is freed is found again
}


def start_worker(name: str, spec: bytes) -> "subprocess.Popen[bytes]":
    """Start `python -m deploy.worker NAME PIPE` in a session of its own; the name is for those who look at `ps`."""
    reader, writer = os.pipe()  # and not standard input, which may be the video
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "deploy.worker", name, str(reader)],  # -P: nothing of the user's folder is run
        pass_fds=(reader,),
        env={**os.environ, **MALLOC, "PYTHONPATH": _python_path()},
        start_new_session=True,  # Ctrl-C goes to the supervisor alone, which drains
    )
    os.close(reader)
    with contextlib.suppress(BrokenPipeError), open(writer, "wb") as pipe:  # it is gone already, which others notice
        pipe.write(spec)
    return process


def _python_path() -> str:
    """Return where the worker finds the same code as this process, before anything the user set."""
    here = str(Path(__file__).parents[1])
    return os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
