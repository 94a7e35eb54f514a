"""Messages survive the wire, as do records; no array is copied on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spelled import EVERYTHING, anything, arrays_of, busy, plain, same
from transport import codec
from transport.errors import WireError
from transport.messages import Box, Frame, Mask, Packet, Patch, PictureFormat
from transport.notes import Beat, Grant

PICTURE = PictureFormat(width=4, height=2, pixel_format="gray")
FRAME = Frame(
    seq=3, pts=30, duration=10, key=True, format=PICTURE, planes=(np.arange(8, dtype=np.uint8).reshape(2, 4),)
)


@pytest.mark.parametrize("kind", EVERYTHING)
def test_what_is_read_is_what_was_sent(kind: str) -> None:
    @settings(max_examples=40)
    @given(EVERYTHING[kind])
    def there_and_back(message: Any) -> None:
        parts = [bytes(part) for part in codec.encode(message)]
        assert msgpack.unpackb(parts[0], unicode_errors="surrogateescape")[2] == kind
        assert same(codec.decode(parts), message)

    there_and_back()


def test_there_is_a_case_for_every_kind() -> None:
    assert set(EVERYTHING) == set(codec.KINDS)


@given(anything)
def test_sending_copies_no_array(message: Any) -> None:
    parts, arrays = codec.encode(message), [array for array in arrays_of(message) if array.size]
    assert sum(map(len, parts[1:])) == sum(array.nbytes for array in arrays)
    for array in arrays:
        assert any(np.shares_memory(np.frombuffer(part, np.uint8), array) for part in parts[1:])


@given(anything)
def test_reading_copies_no_array_and_lets_nobody_write(message: Any) -> None:
    parts = [bytearray(part) for part in codec.encode(message)]
    arrays = arrays_of(codec.decode([memoryview(part) for part in parts]))
    for array in arrays:
        assert not array.flags.writeable or not array.size
        assert not array.size or any(np.shares_memory(np.frombuffer(part, np.uint8), array) for part in parts[1:])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_planes_that_are_neighbours_in_memory_travel_as_one_part_over_any_number_of_hops(dtype: type) -> None:
    block = np.arange(96, dtype=dtype)
    planes = (block[:64].reshape(8, 8), block[64:80].reshape(4, 4), block[80:].reshape(4, 4))
    picture = PictureFormat(width=8, height=8, pixel_format="yuv420p")
    sent = Frame(seq=0, pts=0, duration=0, key=False, format=picture, planes=planes)
    for _ in range(3):
        parts = codec.encode(sent)
        assert len(parts) == 2
        received = codec.decode(parts)
        assert same(received, sent)
        assert isinstance(received, Frame)
        sent = received


def test_planes_that_lie_apart_or_in_another_order_are_not_joined() -> None:
    block = np.arange(96, dtype=np.uint8)
    picture = PictureFormat(width=8, height=8, pixel_format="yuv420p")
    for cuts in ((slice(64), slice(80, 96), slice(64, 80)), (slice(32, 96), slice(0, 16), slice(16, 32))):
        planes = tuple(block[cut].reshape(side, side) for cut, side in zip(cuts, (8, 4, 4), strict=True))
        sent = Frame(seq=0, pts=0, duration=0, key=False, format=picture, planes=planes)
        assert same(codec.decode(codec.encode(sent)), sent)


@pytest.mark.parametrize(
    "view",
    [lambda a: a[::2, ::3], lambda a: a[::-1], lambda a: a.T, lambda a: a[2:5, 1:7], np.asfortranarray],
    ids=["strided", "upside down", "transposed", "cut out", "by columns"],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_array_is_sent_as_it_reads_however_it_lies_in_memory(view: Callable[[Any], Any], dtype: type) -> None:
    plane = view(np.arange(90, dtype=dtype).reshape(9, 10))
    sent = Frame(
        seq=0,
        pts=0,
        duration=0,
        key=False,
        format=PictureFormat(width=20, height=20, pixel_format="gray"),
        planes=(plane,),
    )
    assert same(codec.decode(codec.encode(sent)), sent)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0)])
def test_an_empty_array_keeps_its_shape(shape: tuple[int, int]) -> None:
    mask = Mask(box=Box(x=0, y=0, width=shape[1], height=shape[0]), alpha=np.zeros(shape, np.uint8))
    patch = Patch(seq=0, mask=mask, pixels=None)
    parts = codec.encode(patch)
    assert parts[1:] == []
    assert same(codec.decode(parts), patch)


def test_an_array_of_words_that_no_message_has_is_not_sent_as_something_else() -> None:
    for dtype in (">u2", "i1", "f4", "?", "i8"):
        data: Any = np.zeros(4, dtype)
        packet = Packet(
            index=0,
            pts=0,
            dts=0,
            duration=0,
            time_base=(1, 1),
            key=True,
            discard=False,
            data=data,
            side_data={},
        )
        with pytest.raises(KeyError):
            codec.encode(packet)


def test_an_integer_stands_for_a_float() -> None:
    assert same(codec.decode(codec.encode(busy(2))), busy(2.0))


def test_what_is_too_long_to_be_read_is_not_sent() -> None:
    side_data = {"huge": bytes(codec.MAX_HEADER)}
    packet = Packet(
        index=0,
        pts=0,
        dts=0,
        duration=0,
        time_base=(1, 1),
        key=True,
        discard=False,
        data=np.zeros(1, np.uint8),
        side_data=side_data,
    )
    with pytest.raises(WireError, match="a header of 10"):
        codec.encode(packet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    share: Fraction
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    inner: Inner | None
    many: tuple[Inner, ...]
    pair: tuple[int, str]
    table: dict[str, str]
    wide: bool


inners = st.builds(Inner, share=st.fractions(-1000, 1000, max_denominator=1000), name=st.text(max_size=5))
records = st.builds(
    Record,
    inner=st.none() | inners,
    many=st.lists(inners, max_size=3).map(tuple),
    pair=st.tuples(st.integers(0, 9), st.text(max_size=5)),
    table=st.dictionaries(st.text(max_size=3), st.text(max_size=3)),
    wide=st.booleans(),
)


@given(records)
def test_a_record_is_read_as_it_was_written(record: Record) -> None:
    assert codec.loads(Record, codec.dumps(record)) == record


def test_a_file_name_that_is_no_utf8_survives() -> None:
    name = b"caf\xe9.mp4".decode(errors="surrogateescape")
    record = Inner(share=Fraction(1), name=name)
    assert codec.loads(Inner, codec.dumps(record)).name.encode(errors="surrogateescape") == b"caf\xe9.mp4"


@given(st.binary(max_size=40) | plain.map(msgpack.packb) | plain.map(lambda v: msgpack.packb([codec.MAGIC, 1, v])))
def test_bytes_that_are_no_record_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        codec.loads(Record, data)


def test_a_fraction_over_nothing_is_refused() -> None:
    for pair in ([1, 0], [1, -2], [1.0, 2], [1], [True, 1], 1):
        with pytest.raises(WireError, match="fraction"):
            codec.loads(Inner, msgpack.packb([codec.MAGIC, codec.VERSION, [pair, "name"]]))


def test_credit_counts_what_a_message_weighs() -> None:
    assert codec.cost(codec.encode(FRAME)) == 256 + len(codec.encode(FRAME)[0]) + 8
    assert codec.cost(codec.encode(Beat())) > 256
    assert codec.decode(codec.encode(Grant(amount=5))) == Grant(amount=5)
