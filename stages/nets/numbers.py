"""A device and a wish in, the type of numbers that a network is to have there out."""

import torch

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def number_type(device: str, precision: str) -> torch.dtype:
    """Return it; with auto bf16 where that is fast. RuntimeError for a device that torch does not know."""
    if precision != "auto":
        return TYPES[precision]
    return torch.bfloat16 if _is_fast(torch.device(device)) else torch.float32


def _is_fast(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    able = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(able.get("avx512_bf16") or able.get("amx_bf16"))
