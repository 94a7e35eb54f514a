"""What the user pointed at, as records; and whether it fits the video."""

import logging
from dataclasses import dataclass, replace
from fractions import Fraction

from stages.errors import PromptError
from stages.segment.point.segmenter import Point
from transport.messages import Box, Frame, PictureFormat, StreamInfo

log = logging.getLogger(__name__)

MOVING = "moving"  # the target that is no class
SLACK = 1.05  # of its stated length: containers guess, and a prompt is refused for being surely too late only


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a prompt was meant: a frame's number, or seconds after the first frame was shown."""

    seconds: float = 0.0
    frame: int | None = None

    def has_come(self, frame: Frame, first: Frame, tick: Fraction) -> bool:
        """Whether this frame, or an earlier one, is what a player shows at that moment; `tick` in seconds."""
        if self.frame is not None:
            return frame.seq >= self.frame
        shown_until = frame.pts - first.pts + (frame.duration or 1)
        seconds = Fraction(self.seconds).limit_denominator(1_000_000)  # 0.04 as a float lies just beside 1/25
        return (frame is first and not seconds) or shown_until * tick > seconds

    def __str__(self) -> str:
        return f"{self.seconds:g}" if self.frame is None else f"{self.frame}f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One thing said of one object; exactly one of box, point and picture."""

    words: str  # as the user wrote it, for messages: box 412,96,60,200
    name: str = ""  # of the object; without one, it is known by where it is
    moment: Moment = Moment()
    box: Box | None = None  # around the object
    point: Point | None = None  # on it
    background: bool = False  # the point is beside it
    picture: str | None = None  # a file: the object's mask in that frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Everything that is to be removed; all of it is united.

    Pixels are those of the stored picture, before any rotation that a player applies.
    """

    objects: tuple[Prompt, ...] = ()  # each followed from its frame on
    targets: tuple[str, ...] = ()  # classes of things, whenever one enters; and "moving"
    regions: tuple[Box, ...] = ()  # fixed parts of the picture: a logo, a timestamp
    region_masks: tuple[str, ...] = ()  # the same as pictures
    mask: str | None = None  # a folder or a video with a mask for every frame; see stages.segment.masks
    keep: tuple[Box, ...] = ()  # never touched, whatever else is said

    @property
    def empty(self) -> bool:
        """Whether nothing at all was pointed at."""
        return not (self.objects or self.targets or self.regions or self.region_masks or self.mask)


def check(prompts: Prompts, info: StreamInfo) -> Prompts:
    """Return the prompts cut at the picture's edges; PromptError for what lies outside, or after the stated end."""
    rate = Fraction(*info.frame_rate)
    if info.frames and rate:
        seconds = info.frames / rate
        for prompt in prompts.objects:
            late = prompt.moment.seconds > SLACK * seconds + 1
            if late or (prompt.moment.frame or 0) > SLACK * info.frames + rate:
                raise PromptError(
                    f"{prompt.words} is meant for {_when(prompt.moment)}, the video ends after "
                    f"{float(seconds):.1f} s, {info.frames} frames"
                )
    if info.format.rotation and (prompts.objects or prompts.regions or prompts.keep):
        size = f"{info.format.width}x{info.format.height}"
        log.warning(
            "players turn this video by %d degrees; x and y count in it as stored, %s", info.format.rotation, size
        )
    return fit(prompts, info.format)


def _when(moment: Moment) -> str:
    return f"{moment.seconds:g} s" if moment.frame is None else f"frame {moment.frame}"


def too_late(prompt: Prompt, last: Frame, first: Frame, tick: Fraction) -> PromptError:
    """Return the complaint that the video ended before a prompt's moment."""
    seconds = float((last.pts - first.pts + last.duration) * tick)
    return PromptError(
        f"{prompt.words} is meant for {_when(prompt.moment)}, but the video ended after {seconds:.2f} s "
        f"with frame {last.seq}; what it points at was not removed"
    )


def fit(prompts: Prompts, picture: PictureFormat) -> Prompts:
    """Return the prompts cut at the picture's edges; PromptError if one lies outside or is larger than the picture."""
    return replace(
        prompts,
        objects=tuple(_fit(prompt, picture) for prompt in prompts.objects),
        regions=tuple(_inside("region", box, picture) for box in prompts.regions),
        keep=tuple(_inside("keep", box, picture) for box in prompts.keep),
    )


def _fit(prompt: Prompt, picture: PictureFormat) -> Prompt:
    if prompt.box:
        return replace(prompt, box=_inside("box", prompt.box, picture))
    if prompt.point and not (prompt.point.x < picture.width and prompt.point.y < picture.height):
        raise PromptError(f"{prompt.words} lies outside the picture, which is {picture.width}x{picture.height}")
    return prompt


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
