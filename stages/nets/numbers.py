"""A device and a wish in, the numbers that a network is to have there out. Needs torch where it says so."""

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import torch
    from torch import nn

Net = TypeVar("Net", bound="nn.Module")

PRECISIONS: Final = ("auto", "f32", "bf16")  # auto is bf16 where the device multiplies that fast
FAST: Final = ("avx512_bf16", "amx_bf16")  # what a processor does that with, as torch and Linux both call it
PROCESSORS: Final = Path("/proc/cpuinfo")


class DeviceError(Exception):
    """The end of a sentence: a device that torch does not know, or does not find here."""


def place(net: Net, device: str, precision: str, memory_format: "torch.memory_format | None" = None) -> Net:
    """Return a network on a device, in numbers of one of PRECISIONS; DeviceError where it cannot be.

    It lies channels last in memory, as convolutions are fastest, unless it is to lie otherwise. Needs torch.
    """
    import torch

    try:
        kind = number_type(device, precision)
        net.to(device, kind).to(memory_format=memory_format or torch.channels_last)  # type: ignore[call-overload]
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        raise DeviceError(f"cannot run on {device}: {str(error).splitlines()[0]}") from error
    return net


def number_type(device: str, precision: str) -> "torch.dtype":
    """Return the type of one of PRECISIONS. RuntimeError for a device that torch does not know. Needs torch."""
    import torch

    if precision != "auto":
        return {"f32": torch.float32, "bf16": torch.bfloat16}[precision]
    where = torch.device(device)
    if where.type == "cuda":
        fast = torch.cuda.get_device_capability(where) >= (8, 0)
    else:
        fast = where.type == "cpu" and any(torch.cpu.get_capabilities().get(name) for name in FAST)
    return torch.bfloat16 if fast else torch.float32


def number_bytes(device: str, precision: str) -> int:
    """Return how many bytes a number of that type takes at most: 4 with auto where only torch could tell."""
    if precision == "auto":
        return 2 if device == "cpu" and _is_fast() else 4
    return {"f32": 4, "bf16": 2}[precision]


def _is_fast() -> bool:
    try:
        able = PROCESSORS.read_text().split()
    except OSError:  # another system than Linux
        return False
    return any(name in able for name in FAST)
