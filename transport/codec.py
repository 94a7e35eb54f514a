"""Messages to parts and back: a msgpack header, then the arrays, byte for byte.

The header is `[magic, version, kind, fields]`. An array is spelled `[dtype, shape...]` in the header; its bytes follow
those of the array before it, in the same part or at the begin of the next. Arrays that are neighbours in memory, as
the planes of a picture are, go into one part, which is a quarter faster than three. They are sent without copying, and
read without copying. Nothing is allocated on the word of the header: an array is a view of bytes that did arrive, and
the shapes must account for exactly those.
"""

import types
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from math import isfinite, prod
from reprlib import repr as short
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import msgpack
import numpy as np
from numpy.typing import NDArray

from transport.errors import VersionError, WireError
from transport.messages import Frame, MaskedFrame, Message, Packet, Patch, StreamInfo, Written
from transport.notes import NOTES, Note

MAGIC: Final = "cleanplate"
VERSION: Final = 1
MAX_HEADER: Final = 1 << 20  # bytes; metadata and chapters are the longest things in it
MAX_ITEMS: Final = 4096  # of a list in the header; chapters are the longest
MAX_PARTS: Final = 1024  # arrays of one message; a StreamInfo has one for every side stream and attachment
MAX_PART: Final = 1 << 30  # bytes; a 16-bit RGBA plane of 11,000 x 11,000
KINDS: Final[dict[str, type]] = {
    "info": StreamInfo,
    "packet": Packet,
    "frame": Frame,
    "masked": MaskedFrame,
    "patch": Patch,
    "written": Written,
    **NOTES,
}
_NAMES: Final = {kind: name for name, kind in KINDS.items()}
_DTYPES: Final[dict[str, np.dtype[Any]]] = {"u1": np.dtype("<u1"), "u2": np.dtype("<u2")}
_WORDS: Final = {dtype: word for word, dtype in _DTYPES.items()}
_ESCAPED: Final = "surrogateescape"  # a file's name need not be UTF-8

Part = bytes | memoryview
T = TypeVar("T")


def encode(message: Message | Note) -> list[Part]:
    """Return the parts of a message; the arrays' parts are views of the arrays themselves, not copies.

    Raises WireError for one that is too long to be read.
    """
    arrays: list[NDArray[Any]] = []
    body = _flatten(message, arrays)
    parts: list[Part] = [_write_header([MAGIC, VERSION, _NAMES[type(message)], body]), *_joined(arrays)]
    _check_sizes(parts)
    return parts


def decode(parts: Sequence[Part]) -> Message | Note:
    """Return the message that the parts spell; its arrays are read-only views of them.

    Raises WireError for anything that is not exactly such a message, VersionError for one of another version.
    """
    _check_sizes(parts)
    head = _read_header(parts[0])
    if not (isinstance(head, list) and len(head) >= 2 and head[0] == MAGIC):
        raise WireError("the first part is not a cleanplate header")
    if type(head[1]) is not int or head[1] != VERSION:
        raise VersionError(head[1], VERSION)
    kind = KINDS.get(head[2]) if len(head) == 4 and isinstance(head[2], str) else None
    if kind is None:
        raise WireError("a header of an unknown kind")
    arrays = _Arrays(parts[1:])
    message: Message | Note = _build(kind, head[3], arrays)
    arrays.end()
    return message


def dumps(record: Any) -> bytes:
    """Return a frozen dataclass without arrays as bytes, for `loads`: a process's specification, say."""
    return _write_header([MAGIC, VERSION, _flatten(record, [])])


def loads(kind: type[T], data: bytes) -> T:
    """Return the record of the given type that `dumps` wrote; WireError if it is none."""
    head = _read_header(data)
    if not (isinstance(head, list) and len(head) == 3 and head[:2] == [MAGIC, VERSION]):
        raise WireError(f"this is not a {kind.__name__}")
    record: T = _build(kind, head[2], _Arrays(()))
    return record


def cost(parts: Sequence[Part]) -> int:
    """Return the bytes of credit that a message takes: what it weighs, and a floor for the bookkeeping."""
    return 256 + sum(len(part) for part in parts)


def _check_sizes(parts: Sequence[Part]) -> None:
    if not 1 <= len(parts) <= MAX_PARTS + 1:
        raise WireError(f"a message of {len(parts)} parts, 1 to {MAX_PARTS + 1} expected")
    if len(parts[0]) > MAX_HEADER:
        raise WireError(f"a header of {len(parts[0])} bytes, at most {MAX_HEADER} expected")
    if (longest := max(len(part) for part in parts)) > MAX_PART:
        raise WireError(f"a part of {longest} bytes, at most {MAX_PART} expected")


def _write_header(head: list[Any]) -> bytes:
    return msgpack.packb(head, unicode_errors=_ESCAPED)  # type: ignore[no-any-return]


def _read_header(part: Part) -> Any:
    """Return the plain lists, maps, strings and numbers that msgpack spells, without trusting the lengths it states."""
    try:
        return msgpack.unpackb(
            part,
            strict_map_key=True,
            unicode_errors=_ESCAPED,
            max_array_len=MAX_ITEMS,
            max_map_len=MAX_ITEMS,
            max_ext_len=0,
        )
    except (ValueError, TypeError, RecursionError, MemoryError) as error:  # msgpack's own errors are ValueErrors
        raise WireError(f"a header that is not msgpack: {type(error).__name__} {error!s:.60}") from error


def _flatten(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Return a value as msgpack can spell it, moving arrays out."""
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value))
        return [_WORDS[value.dtype], *value.shape]
    if is_dataclass(value):
        return [_flatten(getattr(value, field.name), arrays) for field in fields(value)]
    if isinstance(value, tuple):
        return [_flatten(item, arrays) for item in value]
    return value.as_integer_ratio() if isinstance(value, Fraction) else value


def _joined(arrays: Sequence[NDArray[Any]]) -> list[Part]:
    """Return the arrays' bytes, those that are neighbours in one block of memory as one part."""
    runs: list[tuple[NDArray[Any], int, int]] = []  # a block, and where in its bytes a run begins and ends
    for array in arrays:
        block, start = _block(array)
        if runs and runs[-1][0] is block and runs[-1][2] == start:
            runs[-1] = (block, runs[-1][1], start + array.nbytes)
        elif array.nbytes:
            runs.append((block, start, start + array.nbytes))
    return [block.reshape(-1).view(np.uint8)[start:end].data for block, start, end in runs]


def _block(array: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return the array that an array is a view of, if it is one, and where in its bytes it begins."""
    base = array.base
    if not (isinstance(base, np.ndarray) and base.flags.c_contiguous):
        return array, 0
    return base, array.__array_interface__["data"][0] - base.__array_interface__["data"][0]


class _Arrays:
    """The parts behind the header, read from the first byte to the last."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = [np.frombuffer(memoryview(part).toreadonly(), np.uint8) for part in parts]
        self._part = self._start = 0

    def take(self, count: int) -> NDArray[np.uint8]:
        """Return a view of the next bytes; WireError if they did not arrive, or not in one part."""
        if not count:
            return np.empty(0, np.uint8)
        if self._part == len(self._parts):
            raise WireError("fewer parts than the header speaks of")
        part, start = self._parts[self._part], self._start
        if start + count > len(part):
            raise WireError(f"{len(part) - start} bytes where an array of {count} was expected")
        self._start += count
        if self._start == len(part):
            self._part, self._start = self._part + 1, 0
        return part[start : start + count]

    def end(self) -> None:
        """Raise WireError unless everything was read."""
        if self._part != len(self._parts) or self._start:
            raise WireError("more bytes than the header speaks of")


def _build(kind: Any, value: Any, arrays: _Arrays) -> Any:
    """Return `value` as the annotated type `kind`, or raise WireError; the inverse of _flatten."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _build_record(kind, value, arrays)
    if origin in (Union, types.UnionType):
        return _build_union(arguments, value, arrays)
    if origin is tuple:
        return _build_tuple(arguments, value, arrays)
    if origin is dict:
        return _build_map(arguments, value)
    if origin is np.ndarray:
        return _build_array(arguments[1], value, arrays)
    if kind is Fraction:
        return _build_fraction(value)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (kind is int and not -(1 << 63) <= value < 1 << 63):
        raise WireError(f"{short(value)} where {kind.__name__} was expected")
    if kind is float and not isfinite(value):
        raise WireError(f"{value} where a number was expected")
    return value


@cache
def _field_types(kind: type) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[field.name] for field in fields(kind))


def _build_record(kind: Any, value: Any, arrays: _Arrays) -> Any:
    types_, names = _field_types(kind), [field.name for field in fields(kind)]
    if not isinstance(value, list) or len(value) != len(types_):
        raise WireError(f"a {kind.__name__} of {len(types_)} fields was expected")
    arguments = {name: _build(type_, item, arrays) for name, type_, item in zip(names, types_, value, strict=True)}
    try:
        return kind(**arguments)
    except (ValueError, OverflowError) as error:
        raise WireError(f"a {kind.__name__} that cannot be: {error}") from error


def _build_fraction(value: Any) -> Fraction:
    if not (isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value) and value[1] > 0):
        raise WireError(f"{short(value)} where a fraction was expected")
    return Fraction(value[0], value[1])


def _build_union(arguments: tuple[Any, ...], value: Any, arrays: _Arrays) -> Any:
    if value is None:
        if type(None) in arguments:
            return None
        raise WireError("nothing where something was expected")
    choices = [choice for choice in arguments if choice is not type(None)]
    if all(get_origin(choice) is np.ndarray for choice in choices):
        word = value[0] if isinstance(value, list) and value and isinstance(value[0], str) else None
        fitting = [choice for choice in choices if _word(get_args(choice)[1]) == word]
        choices = fitting or choices
    return _build(choices[0], value, arrays)


def _build_tuple(arguments: tuple[Any, ...], value: Any, arrays: _Arrays) -> Any:
    if not isinstance(value, list):
        raise WireError(f"{short(value)} where a list was expected")
    if arguments[-1] is ...:
        return tuple(_build(arguments[0], item, arrays) for item in value)
    if len(value) != len(arguments):
        raise WireError(f"{len(value)} items where {len(arguments)} were expected")
    return tuple(_build(type_, item, arrays) for type_, item in zip(arguments, value, strict=True))


def _build_map(arguments: tuple[Any, ...], value: Any) -> Any:
    key, item = arguments
    if not isinstance(value, dict) or any(type(k) is not key or type(v) is not item for k, v in value.items()):
        raise WireError(f"a map of {key.__name__} to {item.__name__} was expected")
    return value


def _word(dtype: Any) -> str:
    """Return u1 or u2 for a dtype[...] annotation."""
    return f"u{np.dtype(get_args(dtype)[0]).itemsize}"


def _build_array(dtype: Any, value: Any, arrays: _Arrays) -> Any:
    if not isinstance(value, list) or not 2 <= len(value) <= 4 or value[0] != _word(dtype):
        raise WireError(f"{short(value)} where an array of {_word(dtype)} was expected")
    shape = value[1:]
    if any(type(side) is not int or not 0 <= side <= MAX_PART for side in shape):
        raise WireError(f"an array cannot have the shape {short(shape)}")
    word = _DTYPES[value[0]]
    return arrays.take(prod(shape) * word.itemsize).view(word).reshape(shape)
