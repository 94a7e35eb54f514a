"""The name of a checkpoint that an engine needs in, its file out."""

from importlib.util import find_spec
from pathlib import Path

from stages.errors import ModelError
from stages.inpaint.engine import EngineOptions
from weights.load import WeightsError, find


def checkpoint(engine: str, name: str, options: EngineOptions) -> Path:
    """Return the file; ModelError where it, or torch, is absent."""
    if find_spec("torch") is None:
        raise ModelError(f"engine {engine} needs torch; pip install 'cleanplate[learned]' brings it")
    try:
        return find(name, folder_of(options))
    except WeightsError as error:
        raise ModelError(str(error)) from error


def folder_of(options: EngineOptions) -> Path | None:
    """Return where checkpoints are looked for first."""
    return Path(options.weights) if options.weights else None
