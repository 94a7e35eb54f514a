"""The file format `safetensors`: a table of names in JSON, then the numbers; nothing in it can be run.

Format: huggingface/safetensors, README, "Format": 8 bytes of length (little endian), a JSON object of name to dtype,
shape and data_offsets, which count from behind it.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

MAX_TABLE = 100_000_000  # bytes; the format's own limit

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read(path: str) -> dict[str, Tensor]:
    """Return the tensors of a file by name; OSError, or what kind of error its damage happens to lead to."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= MAX_TABLE:
            raise ValueError(f"a table of {length} bytes, 1 to {MAX_TABLE} expected")
        table = json.loads(file.read(length))
        data = file.read()
    return {name: _tensor(data, entry) for name, entry in table.items() if name != "__metadata__"}


def _tensor(data: bytes, entry: Mapping[str, Any]) -> Tensor:
    """Return one tensor; the slice is copied, as frombuffer wants aligned bytes that may be written to."""
    (begin, end), shape, dtype = entry["data_offsets"], entry["shape"], TYPES[entry["dtype"]]
    if not 0 <= begin <= end <= len(data):
        raise EOFError(f"numbers at {begin} to {end} of {len(data)} bytes")
    if min(shape, default=1) < 0 or math.prod(shape) * dtype.itemsize != end - begin:
        raise ValueError(f"a shape of {shape} in {end - begin} bytes")
    if begin == end:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(shape)
