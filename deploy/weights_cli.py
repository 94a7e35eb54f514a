"""`cleanplate weights`: words in, checkpoints listed, fetched, taken in and verified."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from weights.limits import Progress
    from weights.manifest import Entry
    from weights.store import Stored

EPILOG = """examples:
  cleanplate weights list                                     what there is, which licences, what is here
  cleanplate weights fetch sam_vit_b                          the same command goes on after an interruption
  cleanplate weights add vinet_512 save_agg_rec_512.pth       takes a file that you fetched yourself
  cleanplate weights verify                                   reads all of them again

Files go into --weights DIR, or else $CLEANPLATE_WEIGHTS, or else your cache directory, and are looked for in all three.
A file of which no hash was published is pinned to the one it has when it comes, and refused when it has another."""


def add_weights(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "weights",
        help="networks' checkpoints: list, fetch, add, verify",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    listed = verbs.add_parser("list", help="what there is, and what is here")
    listed.add_argument("--json", action="store_true", help="all that is known, as JSON")
    listed.set_defaults(run=_list)
    fetched = verbs.add_parser("fetch", help="get some from where their authors have them")
    fetched.add_argument("names", nargs="+", metavar="NAME")
    fetched.add_argument("--accept-licence", action="store_true", help="of those that are not for every purpose")
    fetched.set_defaults(run=_fetch)
    added = verbs.add_parser("add", help="take a file that you have")
    added.add_argument("name", metavar="NAME")
    added.add_argument("file", metavar="FILE", type=Path)
    added.set_defaults(run=_add)
    verified = verbs.add_parser("verify", help="read them again and compare")
    verified.add_argument("names", nargs="*", metavar="NAME", help="which; all that are here, if none is given")
    verified.set_defaults(run=_verify)
    for verb in (listed, fetched, added, verified):
        verb.add_argument("--weights", type=Path, metavar="DIR", help="where checkpoints lie")


def _list(arguments: argparse.Namespace) -> int:
    from weights.load import entry, names, places, where

    rows = [(entry(name), where(name, arguments.weights)) for name in names()]
    if arguments.json:
        _say(json.dumps([_known(wanted, path) for wanted, path in rows], indent=2))
        return 0
    for use, group in groupby(rows, lambda row: row[0].option.partition(" ")[0]):
        _say(f"{use or 'nothing uses these yet'}")
        for wanted, path in group:
            _say("\n".join(_lines(wanted, path)))
        _say("")
    _say(f"looked for in {', '.join(map(str, places(arguments.weights)))}")
    return 0


def _known(wanted: "Entry", path: Path | None) -> dict[str, object]:
    from weights.store import stored

    pinned = stored(wanted, path).pinned if path else ""
    return {**dataclasses.asdict(wanted), "path": str(path or ""), "pinned": pinned}


def _lines(wanted: "Entry", path: Path | None) -> Iterator[str]:
    """Yield what there is to say of one, each line within 100 columns but for paths."""
    from weights.store import stored

    yield f"  {wanted.name:28}{_size(wanted):>13}  {'here' if path else 'absent':8}{wanted.licence}"
    other = f" ({wanted.option})" if wanted.name not in wanted.option and wanted.option else ""
    yield f"      {wanted.serves}{other}"
    if path:
        yield from (f"      {path}", f"      {stored(wanted, path).trust}")


def _size(wanted: "Entry") -> str:
    if not wanted.bytes:
        return wanted.about or "size unknown"
    return f"{wanted.bytes / (1 << 20):.1f} MiB" if wanted.bytes >> 20 else f"{wanted.bytes / 1024:.1f} KiB"


def _fetch(arguments: argparse.Namespace) -> int:
    from weights.fetch import fetch
    from weights.load import entry

    for name in arguments.names:
        _say(f"licence of {name}: {entry(name).licence}", sys.stderr)
        with _bar(name) as progress:
            found = fetch(name, arguments.weights, accepted=arguments.accept_licence, progress=progress)
        _tell(name, found)
    return 0


def _add(arguments: argparse.Namespace) -> int:
    from weights.load import entry
    from weights.store import add

    _say(f"licence of {arguments.name}: {entry(arguments.name).licence}", sys.stderr)
    _tell(arguments.name, add(arguments.name, arguments.file, arguments.weights))
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    """Verify all of them, whatever is wrong with the first."""
    from weights.errors import WeightsError
    from weights.load import entry, find, has, names
    from weights.store import stored

    wrong = []
    for name in arguments.names or [name for name in names() if has(name, arguments.weights)]:
        try:
            _tell(name, stored(entry(name), find(name, arguments.weights)))
        except WeightsError as error:
            wrong.append(name)
            _say(f"{name}: {error}")
    if wrong:
        raise WeightsError(f"absent, or not what was published or pinned: {', '.join(wrong)}")
    return 0


def _tell(name: str, found: "Stored") -> None:
    _say(f"{name}: {found.path}, {found.trust}")


@contextmanager
def _bar(name: str) -> Iterator["Progress"]:
    """Show how far a download is, on a terminal; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), DownloadColumn(True), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(name, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)


def _say(text: str, stream: TextIO | None = None) -> None:
    (stream or sys.stdout).write(f"{text}\n")
