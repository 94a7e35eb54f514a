"""How much of its recordings a user wants to keep: words in, bounds out."""

import re
from typing import Final

from stages.encode.live.config import FolderConfig
from stages.errors import OptionError

_AGES: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}  # seconds
_SIZES: Final = {"mb": 10**6, "gb": 10**9, "tb": 10**12, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}  # bytes
_BOUND: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([A-Za-z]+)")


def parse_kept(words: str) -> FolderConfig:
    """Return the bounds that 7d, 500GiB or 7d,500GiB spells, none for no words; OptionError for anything else.

    What is deleted is gone, so nothing is guessed: 500 has no unit, 30M may be minutes or megabytes.
    """
    age_s = size = 0.0
    for word in words.split(",") if words else ():
        match = _BOUND.fullmatch(word.strip())
        number, unit = (float(match[1]), match[2]) if match else (0.0, "")
        if number and unit in _AGES and not age_s:
            age_s = number * _AGES[unit]
        elif number and unit.lower() in _SIZES and not size:
            size = number * _SIZES[unit.lower()]
        else:
            raise OptionError(f"--keep-recordings {words!r} is no bound; 7d, 36h, 500GiB or 7d,500GiB would be")
    return FolderConfig(most_bytes=int(size), most_age_s=age_s)
