"""A page on Google Drive in, its file out, gone on with where an earlier try was interrupted. gdown does all of it."""

import os
from pathlib import Path
from threading import Event, Timer
from urllib.parse import urlsplit

from weights.errors import FetchError, WeightsError
from weights.limits import CHANGED, KEPT, Limits
from weights.reason import reason

HOST = "drive.google.com"
STALE, CUT = "the requested byte range", "is incomplete"  # gdown's words for a file that is another now, and a cut line


def is_drive(url: str) -> bool:
    """Tell whether an address is a page on Google Drive."""
    return urlsplit(url).hostname == HOST


def download(url: str, part: Path, limits: Limits) -> None:
    """Fill `part` with the file of a page; FetchError if it does not come, OSError if it cannot be written.

    What arrives before an interruption stays, in a file that gdown names.
    """
    import gdown
    import requests
    from urllib3.exceptions import HTTPError

    stop = Event()
    clock = Timer(max(0.0, limits.left_s), stop.set)
    clock.daemon = True
    clock.start()
    try:
        gdown.download(
            url,
            output=str(_whole(part)),
            quiet=True,
            use_cookies=False,
            resume=True,
            timeout=limits.timeouts,
            progress=lambda done, total: limits.note(url, done, total or 0),
            cancel=stop,
        )
    except gdown.DownloadCancelled as error:
        raise FetchError(f"{url} took longer than {limits.deadline_s:g} s; {KEPT}") from error
    except (requests.RequestException, HTTPError) as error:
        raise FetchError(f"{url} {reason(error)}") from error
    except (WeightsError, OSError):
        raise
    except Exception as error:  # gdown reads pages, which change, and fails on them in more ways than it tells
        if STALE in str(error):
            forget(part)
        raise FetchError(f"{url} {_told(error)}") from error
    finally:
        clock.cancel()
    os.replace(_whole(part), part)


def forget(part: Path) -> None:
    """Delete what has arrived."""
    for arrived in (part, _whole(part), *part.parent.glob(f"{_whole(part).name}????????.part")):  # as gdown names it
        arrived.unlink(missing_ok=True)


def _whole(part: Path) -> Path:
    """Return under which name gdown leaves a file when it is complete; what is there already it does not fetch."""
    return part.with_name(f"{part.name}.drive")


def _told(error: Exception) -> str:
    """Return what gdown says; where it speaks of its files and options, what that means here."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if STALE in said:
        return CHANGED
    return f"broke off; {KEPT}" if CUT in said else f"cannot be fetched: {said}"
