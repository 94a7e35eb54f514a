"""Starting a worker process: its command, its environment, its job on standard input."""

import os
import subprocess
import sys
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
    """Start `python -m deploy.worker NAME` in a session of its own; the name is for whoever looks at `ps`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.worker", name],
        stdin=subprocess.PIPE,
        env={**os.environ, **MALLOC},
        start_new_session=True,  # Ctrl-C goes to the supervisor alone, which drains
    )
    assert process.stdin is not None
    process.stdin.write(spec)
    process.stdin.close()
    return process
