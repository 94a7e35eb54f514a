"""Prompts of one frame in, hints by object out: which of them belong together, and which object they mean. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.errors import PromptError
from stages.segment.point.segmenter import Hint, Point
from stages.segment.prompts import Prompt
from stages.segment.spot import SURE, Spot, overlap
from transport.messages import Box

SAME = (
    0.5  # intersection over union from which two mean one object; less may be one before another, and both are hidden
)
AROUND = 0.5  # of a box, on every side: background points so near belong to it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """An object that is followed already, in this frame."""

    name: str
    spot: Spot | None
    lost: bool  # not seen, and it has not left the picture either
    said: bool = False  # it was pointed at in this very frame


def together(prompts: Sequence[Prompt]) -> list[list[Prompt]]:
    """Return the prompts of one frame by the object that they speak of.

    Those of one name do. Without a name, every box and every mask is an object, points in a box belong to it, and the
    other points are one object.
    """
    named: dict[str, list[Prompt]] = {}
    for prompt in prompts:
        if prompt.name:
            named.setdefault(prompt.name, []).append(prompt)
    nameless = [prompt for prompt in prompts if not prompt.name]
    whole = [[prompt] for prompt in nameless if prompt.point is None]
    loose: list[Prompt] = []
    for prompt in nameless:
        if prompt.point is not None:
            around = (group for group in whole if group[0].box and _holds(group[0].box, prompt))
            next(around, loose).append(prompt)
    return [*named.values(), *whole, *([loose] if loose else [])]


def _holds(box: Box, prompt: Prompt) -> bool:
    assert prompt.point is not None
    margin = AROUND if prompt.background else 0.0
    dx, dy = margin * box.width, margin * box.height
    x, y = prompt.point.x, prompt.point.y
    return box.x - dx <= x < box.x + box.width + dx and box.y - dy <= y < box.y + box.height + dy


def meant(group: Sequence[Prompt], known: Mapping[int, Known], pictures: Sequence[Spot] = ()) -> int | None:
    """Return the object that a group corrects, None if it begins one; `pictures` are the masks that it names.

    A name says it. Otherwise it is the object that lies where was pointed, or the only one that is lost; but none that
    another group of this frame speaks of, as several prompts are several objects. PromptError for points of the
    background alone where nothing is followed.
    """
    if group[0].name:
        return next((number for number, object_ in known.items() if object_.name == group[0].name), None)
    if all(prompt.background for prompt in group):
        return _nearest(group[0], known)
    nameless = {number: object_ for number, object_ in known.items() if not (object_.name or object_.said)}
    for number, object_ in nameless.items():
        if object_.spot and _speaks_of(object_.spot, group, pictures):
            return number
    lost = [number for number, object_ in nameless.items() if object_.lost]
    return lost[0] if len(lost) == 1 else None


def _nearest(prompt: Prompt, known: Mapping[int, Known]) -> int:
    assert prompt.point is not None
    seen = {number: object_.spot.box for number, object_ in known.items() if object_.spot}
    if not seen:
        raise PromptError(f"{prompt.words} is of the background alone; a point or box on the object is needed with it")
    return min(seen, key=lambda number: (_distance(seen[number], prompt.point), number))


def _distance(box: Box, point: Point | None) -> float:
    assert point is not None
    dx = max(box.x - point.x, 0, point.x - (box.x + box.width - 1))
    dy = max(box.y - point.y, 0, point.y - (box.y + box.height - 1))
    return float(dx * dx + dy * dy)


def _speaks_of(spot: Spot, group: Sequence[Prompt], pictures: Sequence[Spot]) -> bool:
    drawn = any(overlap(picture.box, spot.box) >= SAME for picture in pictures)
    return drawn or any(_touches(prompt, spot) for prompt in group)


def _touches(prompt: Prompt, spot: Spot) -> bool:
    if prompt.box:
        return overlap(prompt.box, spot.box) >= SAME
    if prompt.point is None or prompt.background:
        return False
    x, y = prompt.point.x - spot.box.x, prompt.point.y - spot.box.y
    return 0 <= x < spot.box.width and 0 <= y < spot.box.height and bool(spot.values[y, x] >= SURE)


def hint_of(group: Sequence[Prompt], pictures: Sequence[Spot], older: Spot | None) -> Hint:
    """Return all that a group says as one hint.

    `pictures` are the masks it names, as they were read; `older` is where the object was thought to be, which points
    alone correct and everything else replaces.
    """
    boxes = [prompt.box for prompt in group if prompt.box]
    points = [prompt for prompt in group if prompt.point is not None]
    rough = pictures[-1] if pictures else None if boxes else older
    return Hint(
        box=boxes[-1] if boxes else None,
        points=tuple(prompt.point for prompt in points if prompt.point and not prompt.background),
        background=tuple(prompt.point for prompt in points if prompt.point and prompt.background),
        spot=rough,
    )
