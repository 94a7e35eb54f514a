"""The checkpoints that cleanplate can use, read from manifest.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

LARGEST = 4 << 30  # bytes, of a file whose size is not known
WHOLE = 64  # digits of a sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One published file."""

    name: str  # by which the program asks for it
    files: tuple[str, ...]  # the names that it goes by on disk, ours first
    urls: tuple[str, ...]  # of the file, or of its page on Google Drive; the authors' own first
    bytes: int = 0  # 0: not known
    about: str = ""  # the size in words, where it is not known to the byte
    sha256: str = ""  # hexadecimal, or as much of its beginning as is known
    code_licence: str
    weights_licence: str
    serves: str  # what it is for
    option: str = ""  # by which it is asked for on the command line; "": nothing uses it yet
    without: str  # what works when it is absent

    @property
    def restricted(self) -> bool:
        """Whether it is not for every purpose."""
        return "non-commercial" in self.code_licence + self.weights_licence

    @property
    def largest(self) -> int:
        """How many bytes it can have."""
        return self.bytes or LARGEST

    @property
    def licence(self) -> str:
        """Both licences in words."""
        if self.code_licence == self.weights_licence:
            return f"code and weights {self.code_licence}"
        return f"code {self.code_licence}, weights {self.weights_licence}"


@cache
def manifest() -> Mapping[str, Entry]:
    """Return the entries by name, in the order of the file."""
    table = tomllib.loads(files("weights").joinpath("manifest.toml").read_text("utf-8"))
    return MappingProxyType({name: _entry(name, values) for name, values in table.items()})


def _entry(name: str, values: dict[str, Any]) -> Entry:
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return Entry(**(values | lists | {"name": name}))
