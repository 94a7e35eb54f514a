"""Every kind of message and note as hypothesis strategies: what the transport must carry, and what tests distort."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from transport.messages import (
    Attachment,
    Box,
    Chapter,
    Frame,
    Mask,
    MaskedFrame,
    Message,
    Packet,
    Patch,
    PictureFormat,
    SideStream,
    StreamInfo,
    Written,
)
from transport.notes import NOTES, Note, Progress

whole = st.integers(-(1 << 63), (1 << 63) - 1)
count = st.integers(0, (1 << 63) - 1)
text = st.text(max_size=8) | st.binary(max_size=8).map(lambda raw: raw.decode(errors="surrogateescape"))
words = st.dictionaries(text, text, max_size=3)
ratio = st.tuples(count, st.integers(1, (1 << 63) - 1))
ticks = st.tuples(st.integers(1, 1 << 40), st.integers(1, 1 << 40))
dtypes = st.sampled_from([np.uint8, np.uint16])
raw_bytes = hnp.arrays(np.uint8, st.integers(0, 40))

chapters = st.builds(Chapter, id=whole, start=whole, end=whole, time_base=ratio, metadata=words)
attachments = st.builds(Attachment, name=text, mimetype=text, data=raw_bytes)
sides = st.builds(
    SideStream,
    index=whole,
    kind=text,
    time_base=ratio,
    disposition=whole,
    metadata=words,
    header_format=text,
    header=raw_bytes,
)
packets = st.builds(
    Packet,
    index=whole,
    pts=st.none() | whole,
    dts=st.none() | whole,
    duration=whole,
    time_base=ratio,
    key=st.booleans(),
    discard=st.booleans(),
    data=raw_bytes,
    side_data=st.dictionaries(text, st.binary(max_size=9), max_size=2),
)


def formats(width: int, height: int) -> st.SearchStrategy[PictureFormat]:
    number = st.integers(0, 300)
    return st.builds(
        PictureFormat,
        width=st.just(width),
        height=st.just(height),
        pixel_format=text,
        color_range=number,
        matrix=number,
        primaries=number,
        transfer=number,
        sample_aspect=ratio,
        rotation=whole,
    )


infos = st.builds(
    StreamInfo,
    stream=text,
    epoch=whole,
    format=formats(320, 240),
    time_base=ticks,
    frame_rate=ratio,
    codec=text,
    container=text,
    frames=whole,
    bit_rate=whole,
    metadata=words,
    video_metadata=words,
    disposition=whole,
    sides=st.lists(sides, max_size=3).map(tuple),
    attachments=st.lists(attachments, max_size=2).map(tuple),
    chapters=st.lists(chapters, max_size=3).map(tuple),
)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    width, height = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    shape = st.tuples(st.integers(1, height), st.integers(1, 4 * width))
    planes = draw(st.lists(hnp.arrays(draw(dtypes), shape), min_size=1, max_size=4))
    return Frame(
        seq=draw(count),
        pts=draw(whole),
        duration=draw(whole),
        key=draw(st.booleans()),
        format=draw(formats(width, height)),
        planes=tuple(planes),
    )


@st.composite
def masks(draw: st.DrawFn, width: int, height: int) -> Mask:
    x, y = draw(st.integers(0, width)), draw(st.integers(0, height))
    box = Box(x=x, y=y, width=draw(st.integers(0, width - x)), height=draw(st.integers(0, height - y)))
    return Mask(box=box, alpha=draw(hnp.arrays(np.uint8, (box.height, box.width))))


@st.composite
def masked_frames(draw: st.DrawFn) -> MaskedFrame:
    frame = draw(frames())
    some = masks(frame.format.width, frame.format.height)
    blurred = draw(st.none() | some)
    return MaskedFrame(frame=frame, mask=draw(some), shot=draw(whole), emit=draw(st.booleans()), blurred=blurred)


@st.composite
def patches(draw: st.DrawFn) -> Patch:
    mask = draw(masks(9, 9))
    shape = (mask.box.height, mask.box.width * draw(st.sampled_from([1, 3])))
    pixels = None if mask.empty else draw(hnp.arrays(draw(dtypes), shape))
    return Patch(seq=draw(count), mask=mask, pixels=pixels)


written = st.builds(Written, frames=whole, durable=whole)
MESSAGES: dict[str, st.SearchStrategy[Message]] = {
    "info": infos,
    "packet": packets,
    "frame": frames(),
    "masked": masked_frames(),
    "patch": patches(),
    "written": written,
}
_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    int: whole,
    str: text,
    float: st.floats(allow_nan=False, allow_infinity=False),
    dict[str, int]: st.dictionaries(text, whole, max_size=3),
}


def notes(kind: Any) -> st.SearchStrategy[Note]:
    """Return what notes of a kind there may be, from the types of its fields."""
    return st.builds(kind, **{field.name: _BY_TYPE[field.type] for field in fields(kind)})


EVERYTHING: dict[str, st.SearchStrategy[Message | Note]] = {
    **MESSAGES,
    **{name: notes(kind) for name, kind in NOTES.items()},
}
anything = st.one_of(*EVERYTHING.values())

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.sampled_from(["u1", "u2"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    """Tell whether two messages hold the same, arrays by their values, types and shapes."""
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    if isinstance(one, tuple):
        return type(other) is tuple and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and (one == other).all())
    return type(one) is type(other) and one == other


def arrays_of(value: Any) -> list[NDArray[Any]]:
    """Return every array in a message, in the order of its fields."""
    if is_dataclass(value):
        return [array for field in fields(value) for array in arrays_of(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [array for item in value for array in arrays_of(item)]
    return [value] if isinstance(value, np.ndarray) else []


def busy(seconds: float) -> Progress:
    """Return a report whose only float is the given one."""
    counted = {field.name: 0 for field in fields(Progress) if field.type is int}
    return Progress(busy_s=seconds, **counted)
