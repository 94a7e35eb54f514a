"""Users and passwords of cameras and servers: where they may come from, and where nobody else sees them.

They are looked for in the URL, in CLEANPLATE_SOURCE_LOGIN and CLEANPLATE_TARGET_LOGIN (user:password), and in the files
that CLEANPLATE_SOURCE_LOGIN_FILE and CLEANPLATE_TARGET_LOGIN_FILE name. Everyone on a machine can read the words that a
program was started with, so a program started with a login in them starts itself anew without.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from stages.errors import OptionError

SOURCE, TARGET = "CLEANPLATE_SOURCE_LOGIN", "CLEANPLATE_TARGET_LOGIN"
_WORDS: Final = "CLEANPLATE_WORDS"  # what this program was started with, from itself to itself
LONGEST: Final = 4096  # bytes of a file with a login


def secret(variable: str) -> str:
    """Return what a variable holds, or the file that VARIABLE_FILE names; "" for neither. OptionError if unreadable."""
    path = os.environ.get(f"{variable}_FILE", "")
    if not path or os.environ.get(variable):
        return os.environ.get(variable, "")
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(LONGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{variable}_FILE {path!r} cannot be read: {error}") from error


def with_login(url: str, variable: str) -> str:
    """Return a URL with the login that a variable holds, if there is one and the URL has none of its own."""
    from stages.decode.names import is_url

    scheme, separator, rest = url.partition("://")
    if not is_url(url) or "@" in rest.partition("/")[0] or not (login := secret(variable)):
        return url
    user, colon, password = login.partition(":")
    if not colon:
        raise OptionError(f"{variable} holds no login; user:password would be one")
    return f"{scheme}{separator}{quote(user, safe='')}:{quote(password, safe='')}@{rest}"


def words_of_this_program() -> list[str]:
    """Return what this program was told; where that holds a login, only after it was started anew without (POSIX)."""
    if _WORDS in os.environ:
        return list(json.loads(os.environ.pop(_WORDS)))
    words = sys.argv[1:]
    if os.name == "posix" and any("://" in word for word in words):
        from stages.decode.names import public_name

        public = [public_name(word) for word in words]
        if public != words:
            _start_anew(words, public)
    return words


def _start_anew(words: Sequence[str], public: Sequence[str]) -> None:
    here = str(Path(__file__).parents[1])
    path = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, _WORDS: json.dumps(words), "PYTHONPATH": path}
    os.execve(sys.executable, [sys.executable, "-P", "-m", "deploy", *public], environment)
