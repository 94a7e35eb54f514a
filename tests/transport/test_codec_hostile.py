"""Bytes that are no message are refused by name, whatever they are, and cost nothing but themselves."""

import tracemalloc
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spelled import anything, arrays_of, busy, plain
from transport import codec
from transport.errors import VersionError, WireError
from transport.messages import Frame, PictureFormat

GIB = 1 << 30
PICTURE = PictureFormat(width=4, height=2, pixel_format="gray")
FRAME = Frame(
    seq=3, pts=30, duration=10, key=True, format=PICTURE, planes=(np.arange(8, dtype=np.uint8).reshape(2, 4),)
)


def header(kind: object, body: object, *, magic: object = codec.MAGIC, version: object = codec.VERSION) -> bytes:
    raw: bytes = msgpack.packb([magic, version, kind, body])
    return raw


def body_of(message: Any) -> list[Any]:
    body: list[Any] = msgpack.unpackb(codec.encode(message)[0])[3]
    return body


def refused(parts: list[Any]) -> None:
    """Decode what must not be believed: nothing but a WireError may come of it, and quickly."""
    with pytest.raises(WireError):
        codec.decode(parts)


def decoded_or_refused(parts: list[bytes]) -> None:
    message, sentence = None, ""
    try:
        message = codec.decode(parts)
    except WireError as error:
        sentence = str(error)
    assert len(sentence) < 400  # not the message over again
    assert sum(array.nbytes for array in arrays_of(message)) <= sum(len(part) for part in parts)


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_arbitrary_bytes_are_refused(parts: list[bytes]) -> None:
    refused(parts)


@settings(max_examples=400)
@given(anything, st.data())
def test_a_message_with_flipped_bits_is_refused_or_is_another_message(message: Any, data: st.DataObject) -> None:
    parts = [bytearray(part) for part in codec.encode(message)]
    for _ in range(data.draw(st.integers(1, 3))):
        head = parts[0]
        head[data.draw(st.integers(0, len(head) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    decoded_or_refused([bytes(part) for part in parts])


@given(anything, st.data())
def test_a_part_that_is_cut_short_or_goes_on_is_refused(message: Any, data: st.DataObject) -> None:
    parts = [bytes(part) for part in codec.encode(message)]
    which = data.draw(st.integers(0, len(parts) - 1))
    cut = data.draw(st.integers(0, max(0, len(parts[which]) - 1)))
    if parts[which]:
        refused([*parts[:which], parts[which][:cut], *parts[which + 1 :]])
    refused([*parts[:which], parts[which] + b"\0", *parts[which + 1 :]])


@given(anything, st.binary(max_size=9), st.data())
def test_a_message_with_parts_added_or_taken_away_is_refused(message: Any, more: bytes, data: st.DataObject) -> None:
    parts = [bytes(part) for part in codec.encode(message)]
    refused([*parts, more])
    gone = data.draw(st.integers(0, len(parts) - 1))
    refused([*parts[:gone], *parts[gone + 1 :]])


@given(anything, st.randoms())
def test_a_message_with_its_parts_in_another_order_is_refused_or_is_another_message(message: Any, dice: Any) -> None:
    parts = [bytes(part) for part in codec.encode(message)]
    dice.shuffle(parts)
    decoded_or_refused(parts)


def _replaced(tree: Any, path: list[int], value: Any) -> Any:
    if not path or not isinstance(tree, list) or not tree:
        return value
    index = path[0] % len(tree)
    return [*tree[:index], _replaced(tree[index], path[1:], value), *tree[index + 1 :]]


@settings(max_examples=400)
@given(anything, st.lists(st.integers(0, 30), max_size=4), plain)
def test_a_message_with_one_field_replaced_by_anything_is_refused_or_is_another(
    message: Any, path: list[int], value: Any
) -> None:
    head, *parts = codec.encode(message)
    tree = msgpack.unpackb(head, unicode_errors="surrogateescape")
    distorted = msgpack.packb(_replaced(tree, path, value), unicode_errors="surrogateescape")
    decoded_or_refused([distorted, *(bytes(part) for part in parts)])


@given(plain)
def test_a_header_that_holds_anything_else_is_refused(value: Any) -> None:
    refused([msgpack.packb(value)])


@pytest.mark.parametrize(
    "number", [True, 1.0, float("nan"), float("inf"), 1 << 63, (1 << 64) - 1, None, "7", [7], b"7"]
)
def test_what_is_no_whole_number_does_not_pass_for_one(number: object) -> None:
    refused([header("grant", [number])])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), True, None, "1"])
def test_what_is_no_finite_number_does_not_pass_for_one(number: object) -> None:
    body = body_of(busy(0.5))
    refused([header("progress", [number if item == 0.5 else item for item in body])])


@pytest.mark.parametrize("version", [0, 2, -1, 1.0, True, None, "1", [1], 1 << 63])
def test_another_version_is_named(version: object) -> None:
    with pytest.raises(VersionError, match="this side speaks 1"):
        codec.decode([header("beat", [], version=version)])


def test_another_version_may_say_more_than_this_one_understands() -> None:
    with pytest.raises(VersionError, match="version 2"):
        codec.decode([msgpack.packb([codec.MAGIC, 2, "beat", [], "and more"]), b"x"])


@pytest.mark.parametrize("magic", ["", "cleanplatf", b"cleanplate", 1, None, ["cleanplate"]])
def test_another_magic_word_is_refused(magic: object) -> None:
    refused([header("beat", [], magic=magic)])


@pytest.mark.parametrize("kind", ["", "clean", "Beat", None, 0, ["beat"], b"beat"])
def test_an_unknown_kind_is_refused(kind: object) -> None:
    refused([header(kind, [])])


@pytest.mark.parametrize(
    "spelled",
    [
        ["u1", -2, -4],
        ["u1", 2, -4],
        ["u1", True, 8],
        ["u1", 2.0, 4],
        ["u1", 1 << 62, 4],  # 2**64 bytes: nothing, if counted in 64 bits
        ["u1", 1 << 63, 2],
        ["u1", 1 << 32, 1 << 32],
        ["u1", 8],
        ["u1", 1, 2, 4],
        ["u1", 1, 1, 2, 4],
        ["u1", 4, 2],  # as many bytes, but taller than the picture
        ["u1", 0, 0],
        ["u1", GIB, 0],
        ["u2", 2, 4],
        ["u2", 2, 2],
        ["u4", 1, 2],
        ["u8", 1, 1],
        ["i1", 2, 4],
        ["f8", 1, 1],
        ["O", 1, 1],
        ["<u1", 2, 4],
        ["u1"],
        [],
        None,
        "u1",
        {"u1": 8},
    ],
    ids=str,
)
def test_a_plane_that_is_not_exactly_its_part_is_refused(spelled: object) -> None:
    body, part = body_of(FRAME), bytes(codec.encode(FRAME)[1])
    if spelled == ["u2", 2, 2]:  # the one other reading of these bytes that is a plane of this picture
        codec.decode([header("frame", [*body[:-1], [spelled]]), part])
    else:
        refused([header("frame", [*body[:-1], [spelled]]), part])


def test_a_gigabyte_that_did_not_come_is_not_made_room_for() -> None:
    claims = [
        [header("frame", [*body_of(FRAME)[:-1], [["u1", 32767, 32767]]]), b"x"],
        [header("frame", [*body_of(FRAME)[:-1], [["u2", GIB, GIB]]]), b"x"],
        [header("masked", body_of(FRAME)), b"x"],
        [b"\xdd\xff\xff\xff\xff"],  # a list of 2**32 - 1
        [b"\xdf\xff\xff\xff\xff"],  # a map
        [b"\xdb\xff\xff\xff\xff"],  # text
        [b"\xc6\xff\xff\xff\xff"],  # bytes
        [b"\xc9\xff\xff\xff\xff\x01"],  # an extension
        [b"\xdd\x00\x0f\x00\x00" * 200_000],  # lists in lists, each as long as the header is
        [b"\xdc\x0f\xff" * 300_000],
    ]
    tracemalloc.start()
    try:
        for parts in claims:
            refused(parts)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("depth", [100, 900, 1020, 5000, 500_000])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1k"], ids=["lists", "maps"])
def test_what_is_nested_deeply_is_refused(depth: int, opening: bytes) -> None:
    deep = opening * depth + b"\xc0"
    head = header("grant", [0])
    for raw in (deep, head[:-1] + deep, head.replace(b"\x01\xa5grant", deep), deep + b"\0"):
        refused([raw])


def test_more_parts_or_longer_headers_than_any_message_has_are_refused() -> None:
    with pytest.raises(WireError, match="1026 parts, 1 to 1025 expected"):
        codec.decode([b""] * (codec.MAX_PARTS + 2))
    with pytest.raises(WireError, match="a header of 1048577 bytes"):
        codec.decode([bytes(codec.MAX_HEADER + 1)])
    with pytest.raises(WireError, match="0 parts"):
        codec.decode([])


def test_extensions_and_keys_that_are_no_text_are_refused() -> None:
    info_like = msgpack.packb({1: 2})
    for raw in (info_like, msgpack.packb(msgpack.ExtType(5, b"x")), b"\xd6\xff\0\0\0\0", b"\x81\x90\xc0"):
        refused([raw])
        refused([header("grant", [0])[:-1] + raw])
