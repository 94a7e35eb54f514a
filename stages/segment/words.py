"""The words of a command line in, the prompts that they spell out.

box     [NAME=]x,y,width,height[@TIME]
point   [NAME=][-]x,y[@TIME]            a minus before it: a point of the background
mask    [NAME=]PATH[@TIME]              one picture
TIME    12.5, 1:30, 0:01:30.5 after the first frame; 120f is the frame with that number, counted from 0
"""

import math
import os
import re
from pathlib import Path

from stages.errors import PromptError
from stages.segment.masks import PICTURES
from stages.segment.point.segmenter import Point
from stages.segment.prompts import Moment, Prompt
from transport.messages import MAX_SIDE, Box

MAX_FRAME = 1 << 53
MAX_SECONDS = 1e7
_NAMED = re.compile(r"\s*([A-Za-z_][\w-]*)=(.*)", re.DOTALL)
_TIMED = re.compile(r"(.*)@([^@/\\]*)", re.DOTALL)


def parse_object_box(words: str) -> Prompt:
    """Return what `--box` says; PromptError if it says nothing that can be understood."""
    name, rest, moment = _parts(words, "box")
    return Prompt(words=f"box {words}", name=name, moment=moment, box=parse_box(rest))


def parse_point(words: str, *, background: bool = False) -> Prompt:
    """Return what `--point` says, or `--not-point` if `background`."""
    name, rest, moment = _parts(words, "point")
    minus = rest.lstrip().startswith("-")
    spelled = rest.lstrip()[minus:]
    x, y = _numbers(spelled, "point", ("x", "y"))
    what = f"point {words!r}"
    if x < 0 or y < 0:
        raise PromptError(f"{what} is at {x:g},{y:g}, both must be 0 or more")
    at = Point(x=math.floor(x), y=math.floor(y))
    return Prompt(words=f"point {words}", name=name, moment=moment, point=at, background=minus or background)


def parse_mask(words: str) -> Prompt | str:
    """Return what `--mask` says: of one picture a prompt, of a folder or a video its path, a mask for every frame."""
    named, timed = _NAMED.fullmatch(words), _TIMED.fullmatch(words)
    if os.path.exists(words) or not (named or timed):  # which also knows names that no system takes
        name, path, moment = "", words, Moment()
    else:
        name, path, moment = _parts(words, "mask")
    if Path(path).suffix.lower() in PICTURES and not os.path.isdir(path):
        return Prompt(words=f"mask {words}", name=name, moment=moment, picture=path)
    if name or (timed and path != words):
        raise PromptError(f"mask {words!r} gives a name or a time to a mask for every frame, which has neither")
    return path


def parse_region(words: str) -> Box | str:
    """Return what `--region` says: a box, or the path of a picture."""
    return words if Path(words).suffix.lower() in PICTURES else parse_box(words, "region")


def parse_box(words: str, kind: str = "box") -> Box:
    """Return the box that "x,y,width,height" spells, in pixels; PromptError, naming its kind, if it spells none.

    Fractions are allowed, as drawing tools give them, and widened to whole pixels.
    """
    name = f"{kind} {words!r}"
    x, y, width, height = _numbers(words, kind, ("x", "y", "width", "height"))
    if x < 0 or y < 0:
        raise PromptError(f"{name} begins at {x:g},{y:g}, its corner must be at 0,0 or further right and down")
    if width <= 0 or height <= 0:
        raise PromptError(f"{name} is {width:g} wide and {height:g} high, both must be more than 0")
    left, top = math.floor(x), math.floor(y)
    return Box(x=left, y=top, width=math.ceil(x + width) - left, height=math.ceil(y + height) - top)


def _parts(words: str, kind: str) -> tuple[str, str, Moment]:
    name, rest, moment = "", words, Moment()
    if named := _NAMED.fullmatch(rest):
        name, rest = named[1], named[2]
    if timed := _TIMED.fullmatch(rest):
        rest, moment = timed[1], _moment(timed[2], f"{kind} {words!r}")
    return name, rest, moment


def _moment(words: str, what: str) -> Moment:
    if frame := re.fullmatch(r"\s*(\d{1,16})f\s*", words, re.ASCII):
        return Moment(frame=min(int(frame[1]), MAX_FRAME))
    if not re.fullmatch(r"\s*(\d+:){0,2}\d+(\.\d*)?\s*", words, re.ASCII):
        raise PromptError(f"{what} is meant for {words.strip()!r}, which is no time; 12.5, 1:30 or 300f would be")
    seconds = 0.0
    for part in words.split(":"):
        seconds = 60 * seconds + float(part)
    return Moment(seconds=min(seconds, MAX_SECONDS))


def _numbers(words: str, kind: str, wanted: tuple[str, ...]) -> list[float]:
    parts, name = words.split(","), f"{kind} {words!r}"
    if len(parts) != len(wanted):
        many = {2: "two", 4: "four"}[len(wanted)]
        raise PromptError(f"{name} has {_count(words)}, {many} are needed: {','.join(wanted)} in pixels")
    return [_number(part, name) for part in parts]


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
