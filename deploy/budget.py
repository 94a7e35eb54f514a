"""The memory budget, split: how many bytes each link and store may hold, and the chunk length that follows. Pure."""

from dataclasses import dataclass
from typing import Final

from stages.errors import OptionError
from stages.inpaint.chunks import ChunkPlan
from stages.inpaint.engine import EngineKind
from stages.pixels import frame_bytes, layout
from stages.segment.ahead import MOST as LOOK_AHEAD
from transport.messages import PictureFormat

LONGEST: Final = 240  # frames of a chunk when the user does not say: longer ones only cost memory
SHORTEST: Final = 12  # below this most of the work would be lead-in
LINK_FRAMES: Final = 4  # on every link: enough to overlap the work of both ends
LIVE_FRAMES: Final = 2  # of them, where every frame that waits is late
LINK_FLOOR: Final = 8 << 20  # bytes; packets of sound or cover art must pass however small the pictures are
MOST_REPLICAS: Final = 64
MOST_FRAMES: Final = 100_000  # of a chunk: an hour
PATCHES: Final = 3  # the largest patches that each replica may have waiting at encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each part may hold, in bytes, and the length of a chunk in frames."""

    chunk: int
    lead_in: int
    look_ahead: int
    link: int  # decode to segment, and segment to encode
    work: int  # segment to each replica
    patches: int  # each replica to encode
    store: int  # frames kept by segment until encode has their patches

    @property
    def plan(self) -> ChunkPlan:
        """How the stream is cut."""
        return ChunkPlan(length=self.chunk, lead_in=self.lead_in, look_ahead=self.look_ahead)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sizes:
    """Bytes that the parts need whatever the budget, and bytes of one frame in the store."""

    frame: int
    link: int
    work: int
    patches: int
    fixed: int


def _sizes(picture: PictureFormat, kind: EngineKind, replicas: int, info_bytes: int) -> _Sizes:
    pixels, lay = picture.width * picture.height, layout(picture.pixel_format)
    frame = frame_bytes(picture) + pixels + 2048  # planes, a mask of everything, headers
    patch = pixels * (1 + len(lay.components) * (1 if lay.bits <= 8 else 2)) + 2048
    link, work = max(LINK_FRAMES * frame, LINK_FLOOR, 2 * info_bytes), LINK_FRAMES * frame
    window = (kind.reach.look_ahead - kind.reach.offsets[0] + 1) * frame + kind.state_bytes(picture)
    fixed = 2 * link + LOOK_AHEAD * frame + replicas * (work + window + PATCHES * patch)
    return _Sizes(frame=frame, link=link, work=work, patches=PATCHES * patch, fixed=fixed)


def share(
    memory: int,
    *,
    picture: PictureFormat,
    kind: EngineKind,
    replicas: int,
    chunk: int,
    info_bytes: int,
    live: bool = False,
) -> Shares:
    """Split `memory` bytes; `chunk` is in frames, 0 to let it follow from the budget.

    Where it is live, what waits on a link is late: two frames do.

    Raises OptionError, naming the number that would do, if the budget cannot hold one chunk.
    """
    check_counts(replicas, chunk)
    sizes, margin = _sizes(picture, kind, replicas, info_bytes), kind.reach.lead_in + kind.reach.look_ahead + 1
    least = sizes.fixed + ((chunk or SHORTEST) + margin) * sizes.frame
    if memory < least:
        raise OptionError(
            f"--memory {_human(memory)} is too small for {picture.width}x{picture.height} {picture.pixel_format}, "
            f"{replicas} {'replica' if replicas == 1 else 'replicas'} and chunks of {chunk or SHORTEST} frames: "
            f"{_human(least + (1 << 20))} would do"
        )
    store = memory - sizes.fixed
    return Shares(
        chunk=chunk or _chunk(store // sizes.frame - margin, replicas),
        lead_in=kind.reach.lead_in,
        look_ahead=kind.reach.look_ahead,
        link=max(LIVE_FRAMES * sizes.frame, 2 * info_bytes) if live else sizes.link,
        work=sizes.work,
        patches=sizes.patches,
        store=store,
    )


def check_counts(replicas: int, chunk: int) -> None:
    """Raise OptionError for a number of replicas, or of frames in a chunk, that no budget makes possible."""
    if not 1 <= replicas <= MOST_REPLICAS:
        raise OptionError(f"--replicas {replicas} cannot be used, 1 to {MOST_REPLICAS} expected")
    if not 0 <= chunk <= MOST_FRAMES:
        raise OptionError(f"--chunk {chunk} cannot be used, 1 to {MOST_FRAMES} frames expected, or 0 for automatic")


def _chunk(frames: int, replicas: int) -> int:
    """Return the longest chunk of which one fits for every replica, or at least one at all."""
    fair = frames // replicas
    return min(LONGEST, fair if fair >= 2 * SHORTEST else min(frames, 2 * SHORTEST))


def _human(size: int) -> str:
    return f"{-(-size >> 20)}MiB"


def parse_size(words: str) -> int:
    """Return the bytes that 1GiB, 512MiB, 800MB or a plain number spells; OptionError if it spells none."""
    units = {"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "KB": 1000, "MB": 10**6, "GB": 10**9}
    number = words.strip().rstrip("BKMGIbkmgi ")
    unit = words.strip()[len(number) :].strip().upper()
    unit = {"K": "KIB", "M": "MIB", "G": "GIB"}.get(unit, unit)
    try:
        size = float(number) * units[unit]
    except (ValueError, KeyError) as error:
        raise OptionError(f"--memory {words!r} is no amount; 1GiB, 512MiB or a number of bytes would be") from error
    if not 0 < size < 1 << 50:
        raise OptionError(f"--memory {words!r} cannot be used; an amount such as 512MiB or 1GiB is needed")
    return int(size)
