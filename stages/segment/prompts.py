"""What the user pointed at: words of the command line in, boxes that fit the picture out."""

import logging
import math
from dataclasses import dataclass, replace

from stages.errors import PromptError
from transport.messages import MAX_SIDE, Box, PictureFormat

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Everything that is to be removed; several prompts are united.

    Boxes are in pixels of the stored picture, before any rotation that a player applies.
    """

    boxes: tuple[Box, ...] = ()  # each around an object in the first frame, followed from there
    regions: tuple[Box, ...] = ()  # each a fixed part of the picture: a logo, a timestamp
    mask: str | None = None  # a folder of PNGs, one picture, or a video; see stages.segment.masks


def parse_box(words: str, kind: str = "box") -> Box:
    """Return the box that "x,y,width,height" spells, in pixels; PromptError, naming its kind, if it spells none.

    Fractions are allowed, as drawing tools give them, and widened to whole pixels.
    """
    parts, name = words.split(","), f"{kind} {words!r}"
    if len(parts) != 4:
        raise PromptError(f"{name} has {_count(words)}, four are needed: x,y,width,height in pixels")
    x, y, width, height = (_number(part, name) for part in parts)
    if x < 0 or y < 0:
        raise PromptError(f"{name} begins at {x:g},{y:g}, its corner must be at 0,0 or further right and down")
    if width <= 0 or height <= 0:
        raise PromptError(f"{name} is {width:g} wide and {height:g} high, both must be more than 0")
    left, top = math.floor(x), math.floor(y)
    return Box(x=left, y=top, width=math.ceil(x + width) - left, height=math.ceil(y + height) - top)


def _count(words: str) -> str:
    count = len(words.split(",")) if words.strip() else 0
    return "1 number" if count == 1 else f"{count} numbers"


def _number(part: str, name: str) -> float:
    try:
        number = float(part)
    except ValueError as error:
        raise PromptError(f"{name} has {part.strip()!r} where a number of pixels should be") from error
    if not abs(number) <= MAX_SIDE:  # not a number is not less either
        raise PromptError(f"{name} has {part.strip()}, a number from 0 to {MAX_SIDE} is needed")
    return number


def check(prompts: Prompts, picture: PictureFormat) -> Prompts:
    """Return the prompts cut at the picture's edges; PromptError if one lies outside or is larger than the picture."""
    return replace(
        prompts,
        boxes=tuple(_inside("box", box, picture) for box in prompts.boxes),
        regions=tuple(_inside("region", box, picture) for box in prompts.regions),
    )


def _inside(kind: str, box: Box, picture: PictureFormat) -> Box:
    name = f"{kind} {box.x},{box.y},{box.width},{box.height}"
    size = f"{picture.width}x{picture.height}"
    if not box.width or not box.height:
        raise PromptError(f"{name} is empty, its width and height must be more than 0")
    if box.width > picture.width or box.height > picture.height:
        raise PromptError(f"{name} is larger than the picture, which is {size}")
    if box.x >= picture.width or box.y >= picture.height:
        raise PromptError(f"{name} lies outside the picture, which is {size}")
    right, bottom = min(box.x + box.width, picture.width), min(box.y + box.height, picture.height)
    cut = Box(x=box.x, y=box.y, width=right - box.x, height=bottom - box.y)
    if cut != box:
        log.warning("%s reaches outside the picture, which is %s: that part is ignored", name, size)
    return cut
