"""Bytes by the number of a frame in, a file that gives them back in any order out: what one pass leaves to the next.

A file begins with what it is and the pictures it belongs to. Beside it lies its index, 16 bytes for every frame: where
its record begins, and how long it is. Neither is ever held in memory.
"""

import os
import struct
import zlib
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from stages.errors import SinkError, SourceError
from transport.messages import PictureFormat

Whole = NDArray[Any]  # of uint8, uint16, int16 or int32
_ENTRY = struct.Struct("<QQ")  # where a record begins, how many bytes it has; none is all zeros
_MAGIC = b"cleanplate pass 1\n"
_LENGTH = struct.Struct("<I")
FAST = 1  # of deflate's nine levels: half the bytes for a tenth of the time that the frame takes
LONGEST = 1 << 30  # bytes of a record; more is a damaged index


class Writer:
    """Appends records to a new file; a full disk is one sentence."""

    def __init__(self, path: Path, what: str, picture: PictureFormat) -> None:
        self._path, self._files, self._size = path, list[int](), 0
        try:
            for place in (path, _index_of(path)):
                self._files.append(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._append(_head(what, picture))
        except OSError as error:
            self.close()
            raise _unwritable(path, error) from error

    def add(self, seq: int, parts: Sequence[bytes]) -> None:
        """Keep the record of a frame."""
        data = b"".join(parts)
        entry = _ENTRY.pack(self._size, len(data))
        try:
            self._append(data)
            os.pwrite(self._files[1], entry, seq * _ENTRY.size)
        except OSError as error:
            raise _unwritable(self._path, error) from error

    def close(self) -> None:
        """Close the file; what is in it stays."""
        while self._files:
            os.close(self._files.pop())

    def _append(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(self._files[0], left) :]
        self._size += len(data)


class Reader:
    """Gives records back. It keeps no file open, so that nobody has to close it."""

    def __init__(self, path: Path, what: str, picture: PictureFormat) -> None:
        self._path, self.what = path, what
        head = _head(what, picture)
        if self._read(path, len(head), 0) != head:
            raise _unreadable(path, f"it is not the {what} of this video")
        try:
            self.end = _index_of(path).stat().st_size // _ENTRY.size  # one more than the last frame with a record
        except OSError as error:
            raise _unreadable(path, _reason(error)) from error

    def get(self, seq: int) -> "Cursor | None":
        """Return the record of a frame, None if it has none."""
        entry = self._read(_index_of(self._path), _ENTRY.size, seq * _ENTRY.size)
        start, size = _ENTRY.unpack(entry) if len(entry) == _ENTRY.size else (0, 0)
        if not size:
            return None
        data = self._read(self._path, min(size, LONGEST), start)
        if len(data) != size:
            raise _unreadable(self._path, f"the record of frame {seq} has {len(data)} of its {size} bytes")
        return Cursor(data, f"{self._path}, frame {seq},")

    def _read(self, path: Path, size: int, start: int) -> bytes:
        try:
            with open(path, "rb", buffering=0) as file:
                return os.pread(file.fileno(), size, start)
        except OSError as error:
            raise _unreadable(path, _reason(error)) from error


class Cursor:
    """Takes arrays off a record, one after the other, in the order in which they were put there."""

    def __init__(self, data: bytes, name: str) -> None:
        self._data, self._name, self._at = data, name, 0

    def numbers(self, layout: struct.Struct) -> tuple[int, ...]:
        """Return what a struct holds."""
        return layout.unpack(self._take(layout.size))

    def array(self, dtype: DTypeLike, *shape: int) -> Whole:
        """Return an array of whole numbers that was `squeezed`."""
        word = np.dtype(dtype)
        size = word.itemsize * prod(shape)
        (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
        inflate = zlib.decompressobj()
        try:
            data = inflate.decompress(self._take(length), size + 1)
        except zlib.error as error:
            raise SourceError(f"{self._name} cannot be read: it is damaged") from error
        self.expect(len(data) == size, f"an array has {len(data)} bytes, {size} expected")
        steps = np.frombuffer(data, f"u{word.itemsize}").reshape(shape)
        return np.add.accumulate(steps, axis=0, dtype=steps.dtype).view(word)

    def skip(self, arrays: int) -> None:
        """Pass over arrays."""
        for _ in range(arrays):
            (length,) = _LENGTH.unpack(self._take(_LENGTH.size))
            self._take(length)

    def bits(self, *shape: int) -> NDArray[np.bool_]:
        """Return truth values that were `packed`."""
        count = prod(shape)
        return np.unpackbits(self.array(np.uint8, -(-count // 8)), count=count).astype(np.bool_).reshape(shape)

    def expect(self, fits: bool, otherwise: str) -> None:
        """Raise unless what was found fits."""
        if not fits:
            raise SourceError(f"{self._name} cannot be read: {otherwise}")

    def _take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self.expect(len(taken) == size, f"it ends {size - len(taken)} bytes too early")
        self._at += size
        return taken


def squeezed(values: Whole) -> bytes:
    """Return an array of whole numbers as few bytes: its differences from row to row, deflated."""
    steps = values.view(f"u{values.itemsize}").copy()
    steps[1:] -= values.view(steps.dtype)[:-1]
    data = zlib.compress(steps.tobytes(), FAST)
    return _LENGTH.pack(len(data)) + data


def packed(truth: NDArray[np.bool_]) -> bytes:
    """Return truth values as few bytes."""
    return squeezed(np.packbits(truth))


def _index_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.index")


def _head(what: str, picture: PictureFormat) -> bytes:
    return _MAGIC + f"{what} {picture.width}x{picture.height} {picture.pixel_format}\n".encode()


def _unwritable(path: Path, error: OSError) -> SinkError:
    return SinkError(f"{path} cannot be written: {_reason(error)}")


def _unreadable(path: Path, why: str) -> SourceError:
    return SourceError(f"{path} cannot be read: {why}")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
