"""Everything that can be wrong with what a stage was given or told to make.

StageError
  SourceError   a video, image or stream that cannot be read
  PromptError   a prompt that does not fit the video, or cannot be understood
  LostError     an object that is lost, where the user said to stop then
  ModelError    a checkpoint that is missing, or not what it should be
  SinkError     an output that cannot be written
  OptionError   an engine, codec or number that cannot be used
"""


class StageError(Exception):
    """One sentence for the user: what was wrong, what was found, what would be right."""


class SourceError(StageError):
    """The input cannot be read as video."""


class PromptError(StageError):
    """What the user pointed at does not fit the video."""


class LostError(StageError):
    """An object is lost, and the user said to stop then."""


class ModelError(StageError):
    """A checkpoint is missing, or not what it should be."""


class SinkError(StageError):
    """The output cannot be written."""


class OptionError(StageError):
    """An option has a value that cannot be used."""
