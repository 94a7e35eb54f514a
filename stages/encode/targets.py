"""Where the output goes: the name a user typed in, the places on the disk out, checked before any work is done."""

import os
from pathlib import Path

from stages.decode.names import is_url, public_name, reason
from stages.encode.choice import held_by
from stages.encode.codecs import AUTO, check_codec, encoders
from stages.encode.config import EncodeConfig
from stages.encode.containers import CONTAINERS, STDOUT, container_of
from stages.errors import OptionError, SinkError


def partial_path(target: str) -> Path:
    """Return the name that the output has until it is complete: clean.partial.mp4 for clean.mp4."""
    path = Path(target)
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def is_folder(target: str, *, images: bool) -> bool:
    """Whether the output is a folder of pictures; `images` says that the source is one."""
    path = Path(target)
    if target == STDOUT:
        return False
    if target.endswith(("/", os.sep)):
        return True
    return path.suffix.lower() not in CONTAINERS and (path.is_dir() or (images and not path.suffix))


def check_target(target: str, config: EncodeConfig, source: str) -> None:
    """Raise SinkError or OptionError for everything that can be known to be wrong before the first frame."""
    check_place(target, config, source, images=Path(source).is_dir())


def check_place(target: str, config: EncodeConfig, source: str, *, images: bool) -> None:
    """Do what check_target does for a source that is known to be a folder of images or not."""
    check_codec(config)
    if not target or is_url(target):
        found = f"{public_name(target)} is a URL" if target else "the output has no name"
        raise SinkError(f"{found}; a video file, a folder (a name that ends with /) or - for stdout is needed")
    try:
        _check_writable(target, config, source, images)
    except OSError as error:  # a name that is too long, a loop of links
        raise SinkError(f"{target} cannot be written: {reason(error)}") from error


def check_apart(target: str, read: str, what: str) -> None:
    """Raise SinkError if the target, or its partial, is a file that is read while it is written."""
    for place in (Path(target), partial_path(target)) if Path(target).name else ():
        if place.exists() and Path(read).exists() and os.path.samefile(place, read):
            raise SinkError(
                f"{place} is the {what} itself, which is read while the output is written; choose another name"
            )


def _check_writable(target: str, config: EncodeConfig, source: str, images: bool) -> None:
    if target != STDOUT:
        check_apart(target, source, "input")
    if is_folder(target, images=images):
        if (config.codec, config.crf, config.preset) != (AUTO, None, None):
            raise OptionError(f"{target} is a folder of PNGs, which have no codec, crf or preset to choose")
        _check_folder(Path(target), config)
        return
    _check_container(target, config)
    if target != STDOUT:
        _check_file(Path(target), config)


def _check_container(target: str, config: EncodeConfig) -> None:
    container = container_of(target)
    if config.codec == AUTO:
        return
    holds = held_by(container)
    if not any(row.name in holds for row in encoders(config.codec)):
        raise OptionError(f"codec {config.codec} cannot be used in {target}; {container.encoder} or a .mkv would do")


def _check_file(path: Path, config: EncodeConfig) -> None:
    for place in (path, partial_path(str(path))):
        if place.is_dir():
            raise SinkError(f"{place} is a folder; a name that ends with / would write pictures into it")
        if place.exists() and not config.force:
            raise SinkError(f"{place} already exists; --force overwrites it")
    _check_parent(path)


def _check_folder(path: Path, config: EncodeConfig) -> None:
    if not path.exists():
        _check_parent(path)
    elif not path.is_dir():
        raise SinkError(f"{path} is a file; a folder for the pictures was expected")
    elif not os.access(path, os.W_OK | os.X_OK):
        raise SinkError(f"{path} cannot be written: no permission")
    elif not config.force and any(path.glob("[0-9]*.png")):
        raise SinkError(f"{path} already holds numbered pictures; --force overwrites them")


def _check_parent(path: Path) -> None:
    parent = path.absolute().parent
    if not parent.is_dir():
        raise SinkError(f"{path} cannot be written: there is no folder {parent}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SinkError(f"{path} cannot be written: no permission to write in {parent}")
