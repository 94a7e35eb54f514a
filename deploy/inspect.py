"""Two sources in, what differs between them out: frames, times, streams, tags and pixels, in bounded memory.

Both are decoded side by side, frame by frame; of packets only a running hash is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from itertools import zip_longest

from deploy.compare import Pixels, comparable
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.errors import StageError
from transport.messages import Attachment, Chapter, Frame, Packet, SideStream, StreamInfo

# What muxers write about themselves, and so differs between any two files.
MUXER_TAGS = frozenset(
    (
        "encoder",
        "software",
        "major_brand",
        "minor_version",
        "compatible_brands",
        "creation_time",
        "duration",
        "handler_name",
        "vendor_id",
    )
)
UNDEFINED = "und"  # ISO 639-2: how mp4 says that no language is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing in which two sources differ."""

    what: str
    a: str
    b: str
    inherent: bool = False  # a change of container or a new run brings it along by itself: rounding, the muxer's name


def inspect(a: str, b: str, config: DecodeConfig | None = None) -> list[Difference]:
    """Return what differs between two sources; StageError if one cannot be opened.

    They count as equal if every difference left is `inherent`. A source that breaks off on the way is a difference.
    """
    left, right = (_Watch(source, config or DecodeConfig()) for source in (a, b))
    pixels = Pixels(left.info.format, right.info.format)
    times = _Times(left.info, right.info)
    for one, other in zip_longest(left.frames(), right.frames()):
        if one is not None and other is not None:
            pixels.compare(one, other)
            times.compare(one, other)
    return [
        *_rows("ending", left.ending, right.ending),
        *_rows("frames", str(left.seen), str(right.seen)),
        *times.differences(),
        *_about(left.info, right.info),
        *_sides(left, right),
        *(Difference(what=what, a=was, b=became) for what, was, became in pixels.differences()),
    ]


def report(differences: list[Difference]) -> str:
    """Return the differences as a plain table, those that come by themselves last."""
    if not differences:
        return "no difference"
    rows = [("what", "first", "second")]
    rows += [(row.what, row.a, row.b) for row in differences if not row.inherent]
    rows += [(f"({row.what})", row.a, row.b) for row in differences if row.inherent]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{what:{widths[0]}}  {a:{widths[1]}}  {b}".rstrip() for what, a, b in rows)


@dataclass(slots=True)
class _Side:
    """What is kept of a side stream's packets."""

    packets: int = 0
    size: int = 0  # bytes
    start: Fraction | None = None  # seconds, of the first packet that has a time
    end: Fraction = Fraction(0)  # seconds, when the latest packet is over
    tick: Fraction = Fraction(0)  # seconds
    longest: Fraction = Fraction(0)  # seconds, of a packet
    digest: "blake2b" = field(default_factory=lambda: blake2b(digest_size=8))

    def add(self, packet: Packet) -> None:
        self.packets += 1
        self.size += packet.data.size
        self.digest.update(packet.data.tobytes())
        self.tick = Fraction(*packet.time_base)
        if packet.pts is not None:
            time = packet.pts * self.tick
            self.start = time if self.start is None else min(self.start, time)
            self.longest = max(self.longest, packet.duration * self.tick)
            self.end = max(self.end, time + packet.duration * self.tick)


class _Watch:
    """One source while it is read: gives its frames, and remembers what else went by."""

    def __init__(self, source: str, config: DecodeConfig) -> None:
        self._messages = decode(source, config)
        first = next(self._messages)
        assert isinstance(first, StreamInfo)
        self.info = first
        self.sides = {side.index: _Side() for side in first.sides}
        self.seen = 0
        self.ending = "whole"

    def frames(self) -> Iterator[Frame]:
        try:
            for message in self._messages:
                if isinstance(message, Frame):
                    self.seen += 1
                    yield message
                elif isinstance(message, Packet):
                    self.sides[message.index].add(message)
        except StageError as error:
            self.ending = str(error)


class _Times:
    """Times of frames, compared in seconds: exactly, and to a tick of the coarser clock."""

    def __init__(self, a: StreamInfo, b: StreamInfo) -> None:
        self._bases = Fraction(*a.time_base), Fraction(*b.time_base)
        self._tick = max(self._bases)
        self._pts = _Deviation()
        self._durations = _Deviation()

    def compare(self, a: Frame, b: Frame) -> None:
        base_a, base_b = self._bases
        self._pts.add(a.seq, a.pts * base_a, b.pts * base_b, self._tick)
        if a.duration and b.duration:
            self._durations.add(a.seq, a.duration * base_a, b.duration * base_b, self._tick)

    def differences(self) -> Iterator[Difference]:
        yield from self._pts.differences("time of frames")
        yield from self._durations.differences("duration of frames")


@dataclass(slots=True)
class _Deviation:
    inexact: int = 0  # frames
    beyond: int = 0  # frames that differ by more than a tick
    first: tuple[int, Fraction, Fraction] | None = None  # frame and both times, of the first that counts
    largest: Fraction = Fraction(0)  # seconds

    def add(self, seq: int, a: Fraction, b: Fraction, tick: Fraction) -> None:
        if a == b:
            return
        away = abs(a - b)
        self.inexact += 1
        self.largest = max(self.largest, away)
        if away > tick:
            self.beyond += 1
            self.first = self.first if self.beyond > 1 else (seq, a, b)
        else:
            self.first = self.first or (seq, a, b)

    def differences(self, what: str) -> Iterator[Difference]:
        if self.first is not None:
            seq, a, b = self.first
            count = self.beyond or self.inexact
            where = f"{count} differ, by {float(self.largest):.6f} s at most, first frame {seq}"
            yield Difference(what=what, a=f"{float(a):.6f} s", b=f"{float(b):.6f} s: {where}", inherent=not self.beyond)


def _rows(what: str, a: str, b: str, inherent: bool = False) -> Iterator[Difference]:
    if a != b:
        yield Difference(what=what, a=a or "none", b=b or "none", inherent=inherent)


def _about(a: StreamInfo, b: StreamInfo) -> Iterator[Difference]:
    """Compare what is known of two sources before their first frame."""
    one, other = a.format, b.format
    yield from _rows("container", a.container, b.container, inherent=True)
    yield from _rows("codec", a.codec, b.codec)
    yield from _rows("size", f"{one.width}x{one.height}", f"{other.width}x{other.height}")
    yield from _rows("pixel format", one.pixel_format, other.pixel_format, inherent=comparable(one, other))
    for tag in ("color_range", "matrix", "primaries", "transfer", "rotation"):
        yield from _rows(tag.replace("_", " "), str(getattr(one, tag)), str(getattr(other, tag)))
    yield from _rows("sample aspect", _aspect(one.sample_aspect), _aspect(other.sample_aspect))
    yield from _rows("disposition", str(a.disposition), str(b.disposition))
    yield from _metadata("metadata", a.metadata, b.metadata)
    yield from _metadata("video metadata", a.video_metadata, b.video_metadata)
    yield from _rows("chapters", _chapters(a.chapters), _chapters(b.chapters))
    yield from _rows("attachments", _attachments(a.attachments), _attachments(b.attachments))


def _aspect(ratio: tuple[int, int]) -> str:
    return f"{ratio[0]}:{ratio[1]}" if ratio[0] else "1:1"  # unknown is shown as square


def _metadata(what: str, a: dict[str, str], b: dict[str, str]) -> Iterator[Difference]:
    one, other = ({key.lower(): text for key, text in tags.items() if text != UNDEFINED} for tags in (a, b))
    for key in sorted(one.keys() | other.keys()):
        yield from _rows(f"{what} {key}", one.get(key, ""), other.get(key, ""), inherent=key in MUXER_TAGS)


def _chapters(chapters: tuple[Chapter, ...]) -> str:
    """Chapters as text, in milliseconds, as containers round them; ids are the containers' own."""
    return "; ".join(
        f"{_milliseconds(chapter.start, chapter)}-{_milliseconds(chapter.end, chapter)} ms"
        f" {chapter.metadata.get('title', '')}"
        for chapter in chapters
    )


def _milliseconds(ticks: int, chapter: Chapter) -> int:
    return round(ticks * Fraction(*chapter.time_base) * 1000)


def _attachments(attachments: tuple[Attachment, ...]) -> str:
    return ", ".join(f"{item.name} ({blake2b(item.data.tobytes(), digest_size=4).hexdigest()})" for item in attachments)


def _sides(left: _Watch, right: _Watch) -> Iterator[Difference]:
    """Compare the side streams of each kind in their order."""
    for kind in ("audio", "subtitle", "data", "video"):
        ones, others = ([side for side in watch.info.sides if side.kind == kind] for watch in (left, right))
        yield from _rows(f"{kind} streams", str(len(ones)), str(len(others)))
        for position, (one, other) in enumerate(zip(ones, others, strict=False)):
            yield from _side(f"{kind} {position}", one, other, left.sides[one.index], right.sides[other.index])


def _side(what: str, a: SideStream, b: SideStream, one: _Side, other: _Side) -> Iterator[Difference]:
    same = _content(one) == _content(other)  # a mov deals PCM out in packets of its own liking
    yield from _rows(f"{what} packets", str(one.packets), str(other.packets), inherent=same)
    yield from _rows(f"{what} bytes", _content(one), _content(other))
    yield from _rows(f"{what} disposition", str(a.disposition), str(b.disposition))
    yield from _metadata(f"{what} metadata", a.metadata, b.metadata)
    tick = max(one.tick, other.tick)
    yield from _moment(f"{what} start", one.start, other.start, tick)
    yield from _moment(f"{what} end", one.end, other.end, tick + max(one.longest, other.longest))


def _moment(what: str, a: Fraction | None, b: Fraction | None, rounding: Fraction) -> Iterator[Difference]:
    """Compare two times; muxers round them, and state the last packet's duration each in their own way."""
    if a is not None and b is not None and a != b:
        yield Difference(what=what, a=f"{float(a):.6f} s", b=f"{float(b):.6f} s", inherent=abs(a - b) <= rounding)


def _content(side: _Side) -> str:
    return f"{side.size} ({side.digest.hexdigest()})"
