"""What a user types for a live output in, an Output out, checked before the stream begins."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from stages.decode.names import is_url, public_name
from stages.encode.live.config import FolderConfig
from stages.encode.live.hls import PLAYLIST, Folder
from stages.encode.live.lane import Lane
from stages.encode.live.network import check_url
from stages.encode.live.output import Output
from stages.encode.live.record import FORMATS, Recording
from stages.errors import OptionError, SinkError

HLS: Final = "hls:"
RECORD: Final = "record:"
_SUFFIX: Final = ".m3u8"


def is_live(target: str) -> bool:
    """Tell whether an output is one of a live stream: a server, hls:FOLDER, a playlist or record:FOLDER."""
    return is_url(target) or target.startswith((HLS, RECORD)) or target.lower().endswith(_SUFFIX)


def is_recording(target: str) -> bool:
    """Tell whether a live output is a folder of recordings."""
    return target.startswith(RECORD)


def open_outputs(targets: Sequence[str], config: FolderConfig, push: Callable[[str], Output]) -> tuple[Output, ...]:
    """Return an output for every target; `push` makes those of servers.

    OptionError or SinkError for what cannot work whatever happens later: a folder that cannot be written, a scheme that
    is not spoken, one place asked for twice. A server that does not answer is no error, it is tried again.
    """
    _check(config)
    places = [_place(target) for target in targets]
    if twice := next((target for target, place in zip(targets, places, strict=True) if places.count(place) > 1), None):
        raise OptionError(f"{public_name(twice)} is asked for twice; one place can hold one stream")
    return tuple(_open(target, place, config, push) for target, place in zip(targets, places, strict=True))


def _place(target: str) -> str | Path:
    """Return the URL, or the folder, that an output is alone in."""
    if is_url(target):
        return target
    if not is_live(target):
        raise OptionError(f"{target} is not a live output; a URL, hls:FOLDER, a playlist.m3u8 or record:FOLDER is")
    return _folder(target).absolute()


def _folder(target: str) -> Path:
    if target.startswith((HLS, RECORD)):
        name = target.partition(":")[2]
        if not name:
            raise OptionError(f"{target} names no folder; {target}FOLDER would")
        return Path(name)
    return Path(target).parent


def _open(target: str, place: str | Path, config: FolderConfig, push: Callable[[str], Output]) -> Output:
    if isinstance(place, str):
        check_url(place)
        return push(place)
    _make(place)
    if is_recording(target):
        return Lane(target, partial(Recording, folder=place, config=config))
    playlist = place / (PLAYLIST if target.startswith(HLS) else Path(target).name)
    return Lane(target, partial(Folder, playlist=playlist, config=config))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise SinkError(f"{folder} is a file; a folder was expected") from error
    except OSError as error:
        raise SinkError(f"{folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SinkError(f"{folder} cannot be written: no permission")


def _check(config: FolderConfig) -> None:
    if config.suffix not in FORMATS:
        raise OptionError(f"recordings cannot be {config.suffix}; {' or '.join(FORMATS)} would do")
    least = min(config.segment_s, config.file_s)
    if least <= 0 or config.segments < 1 or min(config.spare, config.most_bytes, config.most_age_s) < 0:
        raise OptionError(f"lengths are above 0, bounds at least 0, and a playlist names a segment: found {config}")
