"""An http or https address in, its file out, gone on with where an earlier try was interrupted.

requests does the talking: proxies, certificates, redirects. It does not resume, and neither does pooch, which stands on
it; that is what there is here, by RFC 9110, sections 13.1.5 (If-Range) and 14 (Range Requests).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from weights.errors import FetchError
from weights.limits import CHANGED, Limits
from weights.reason import reason

if TYPE_CHECKING:
    from requests import Response

BLOCK = 1 << 20  # bytes written at once, at most
WHOLE, PARTIAL, BEYOND = 200, 206, 416  # statuses


def download(url: str, part: Path, limits: Limits) -> None:
    """Fill `part` with the file at an address; FetchError if it does not come, OSError if it cannot be written.

    What arrives before an interruption stays, with the version of the file beside it, and is asked for no more as long
    as the server says that it still has that version.
    """
    import requests
    from urllib3.exceptions import HTTPError

    begun = _begun(url, part)
    headers = {"Accept-Encoding": "identity", **_rest(begun, part)}
    try:
        with requests.get(
            url, headers=headers, stream=True, timeout=limits.timeouts, hooks={"response": _stay}
        ) as response:
            _take(response, url, part, limits)
    except (requests.RequestException, HTTPError) as error:
        raise FetchError(f"{url} {reason(error)}") from error


def forget(part: Path) -> None:
    """Delete what has arrived."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _note(part: Path) -> Path:
    """Return where the address and the version of what has arrived are kept."""
    return part.with_name(f"{part.name}.of")


def _begun(url: str, part: Path) -> str:
    """Return the version of the file of which there is a part, "" if there is none of this address."""
    try:
        address, version = _note(part).read_text("utf-8").split("\n", 1)
    except (FileNotFoundError, ValueError):
        return ""
    return version if address == url and part.is_file() else ""


def _rest(version: str, part: Path) -> Mapping[str, str]:
    return {"Range": f"bytes={part.stat().st_size}-", "If-Range": version} if version else {}


def _stay(response: "Response", **_: Any) -> None:
    """Refuse to be sent on to another scheme, except to https."""
    if not response.is_redirect:
        return
    target = urljoin(response.url, response.headers["location"])
    if urlsplit(target).scheme not in (urlsplit(response.url).scheme, "https"):
        raise FetchError(f"{response.url} sends on to {target}, which is not followed: another scheme")


def _take(response: "Response", url: str, part: Path, limits: Limits) -> None:
    """Write what comes behind what is there, or over it if the server begins anew."""
    if response.status_code == BEYOND and part.is_file() and part.stat().st_size == _total(response):
        return  # nothing was missing
    there = _offset(response, url, part)
    length = response.headers.get("content-length", "")
    total = there + int(length) if length.isdecimal() else 0
    with part.open("r+b" if there else "wb") as file:
        if there == 0:  # not before the file is empty: an older version's bytes must not be taken for this one's
            _note(part).write_text(f"{url}\n{_version(response.headers)}", "utf-8")
        file.seek(there)
        limits.note(url, there, total)
        while block := response.raw.read1(BLOCK):  # what has come: a server that drips meets the deadline
            file.write(block)
            there += len(block)
            limits.note(url, there, total)


def _offset(response: "Response", url: str, part: Path) -> int:
    """Return from which byte of the file on the answer is; FetchError if it is not of the file."""
    status, kind = response.status_code, response.headers.get("content-type", "")
    if status == BEYOND:
        forget(part)
        raise FetchError(f"{url} {CHANGED}")
    if status not in (WHOLE, PARTIAL):
        raise FetchError(f"{url} answers {status} {response.reason or ''}".rstrip())
    if kind.startswith("text/html"):
        raise FetchError(f"{url} gives a page, not a file: open it in a browser, then `cleanplate weights add`")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise FetchError(f"{url} comes encoded as {response.headers['content-encoding']}, which was not asked for")
    if status == WHOLE:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    if not found or not part.is_file() or int(found[1]) != part.stat().st_size:
        raise FetchError(f"{url} gives other bytes than those that were asked for")
    return int(found[1])


def _total(response: "Response") -> int:
    found = re.fullmatch(r"bytes \*/(\d+)", response.headers.get("content-range", ""))
    return int(found[1]) if found else -1


def _version(headers: Mapping[str, str]) -> str:
    """Return what names the version of a file: its tag, unless that is a weak one, or else its date."""
    tag = headers.get("etag", "W/")
    return tag if not tag.startswith("W/") else headers.get("last-modified", "")
