"""Feed codec.decode with what a coverage-guided fuzzer makes of valid messages; anything but a WireError is a find.

    pip install -e .[dev,fuzz]
    python tests/fuzz/fuzz_codec.py CORPUS -max_total_time=300 -max_len=4096 -rss_limit_mb=1024 -timeout=5

CORPUS is a folder; it is filled with valid messages if it is empty, and grows with what reaches new code. The other
options are libFuzzer's (https://llvm.org/docs/LibFuzzer.html#options). A find is written to crash-*; give that file
instead of CORPUS to see it again. Not part of the tests: whatever it finds becomes one in tests/transport.
"""

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
with atheris.instrument_imports(include=["transport"]):
    from transport import codec
    from transport.errors import WireError

from hypothesis import given, settings

from tests.spelled import anything, same

LENGTH = struct.Struct("<H")  # before every part


def split(data: bytes) -> Iterator[bytes]:
    """Yield the parts that a fuzzer's input stands for; the last may be shorter than it says."""
    at = 0
    while at + LENGTH.size <= len(data):
        (length,) = LENGTH.unpack_from(data, at)
        yield data[at + LENGTH.size : at + LENGTH.size + length]
        at += LENGTH.size + length


def joined(parts: list[codec.Part]) -> bytes:
    """Return the input that stands for these parts."""
    return b"".join(LENGTH.pack(len(part)) + part for part in parts)


def check(data: bytes) -> None:
    """Decode an input; what is taken for a message must survive being sent on."""
    try:
        message = codec.decode(list(split(data)))
    except WireError:
        return
    assert same(codec.decode(codec.encode(message)), message), message


def sow(corpus: Path) -> None:
    """Fill a folder with some messages of every kind."""

    @settings(max_examples=400, derandomize=True, database=None)
    @given(anything)
    def write(message: Any) -> None:
        data = joined(codec.encode(message))
        (corpus / f"{type(message).__name__}-{zlib.crc32(data):08x}").write_bytes(data)

    write()


if __name__ == "__main__":
    for folder in (Path(word) for word in sys.argv[1:] if not word.startswith("-")):
        if folder.is_dir() and not any(folder.iterdir()):
            sow(folder)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
