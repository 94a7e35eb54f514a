"""What this process takes of the machine: memory, processor, files, GPUs. Nothing where that cannot be said."""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SELF = Path("/proc/self")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU that this process computes on."""

    name: str  # cuda:0
    up: bool  # it answers
    used_bytes: int = 0  # by anybody
    total_bytes: int = 0
    busy: float | None = None  # share of the time, 0 to 1; None without NVIDIA's management library


def cpu_seconds() -> float:
    """Return the processor time taken so far, by all threads."""
    return time.process_time()


def resident_bytes() -> int | None:
    """Return the memory that the process takes, what it shares with others included."""
    try:
        return int((_SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def open_files() -> int | None:
    """Return how many file descriptors are open, one of them for this very question."""
    try:
        return len(os.listdir(_SELF / "fd"))
    except OSError:
        return None


def gpus() -> Iterator[Gpu]:
    """Yield the GPUs that hold something of this process; to ask another would begin to use it, at half a gigabyte."""
    cuda: Any = getattr(sys.modules.get("torch"), "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return
    for index in range(cuda.device_count()):
        if cuda.memory_reserved(index):
            yield _gpu(cuda, index)


def _gpu(cuda: Any, index: int) -> Gpu:
    name = f"cuda:{index}"
    try:
        free, total = cuda.mem_get_info(index)
    except RuntimeError:  # fallen off the bus, or after an error that nothing on it survives
        return Gpu(name=name, up=False)
    return Gpu(name=name, up=True, used_bytes=total - free, total_bytes=total, busy=_busy(cuda, index))


def _busy(cuda: Any, index: int) -> float | None:
    try:
        return float(cuda.utilization(index)) / 100
    except Exception:  # without nvidia-ml-py, and whatever NVIDIA's library raises of its own
        return None
