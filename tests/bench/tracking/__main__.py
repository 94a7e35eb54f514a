"""How well trackers hold on to an object: `python -m tests.bench.tracking --trackers held,flow,propagate --from mask`.

On the DAVIS sequences of the footage. A tracker is told the object's mask in the first frame, or the tight box around
it, of which the default segmenter makes a mask. Constants are chosen on one half of the clips (`--half dev`) and
reported on all. Time is the processor's, on one thread.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2

from tests.bench.fill.clips import FOOTAGE, HALVES, choose
from tests.bench.tracking.clips import load
from tests.bench.tracking.contest import BY_BOX, TRACKERS, find_tracker
from tests.bench.tracking.looks import Sheets
from tests.bench.tracking.play import Begin, Played, from_box, from_mask, from_rectangle, play
from tests.bench.tracking.table import HEADER, LEGEND, line, summary, write_json


def main() -> int:
    """Print a line for every clip and tracker, and the means."""
    arguments = _parser().parse_args()
    if not FOOTAGE.is_dir():
        print(f"there is no footage at {FOOTAGE}", file=sys.stderr)
        return 1
    cv2.setNumThreads(1)
    results = []
    print(HEADER)
    for played in _play_all(arguments):
        print(line(played.result), flush=True)
        results.append(played.result)
    print(*summary(results), LEGEND, sep="\n")
    if arguments.json:
        write_json(results, arguments.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.tracking", description=__doc__)
    parser.add_argument("--trackers", default="held,flow", metavar="NAME[,NAME]", help=", ".join(TRACKERS))
    parser.add_argument("--from", dest="start", choices=("mask", "box"), default="mask")
    parser.add_argument("--clips", default="", metavar="NAME[,NAME]", help="(all)")
    parser.add_argument("--half", choices=HALVES, default="all", help="dev: the 1st, 3rd, ... of all; held: the others")
    parser.add_argument("--frames", type=int, default=0, metavar="N", help="of each clip (all)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="overlays, for every tracker a row a clip")
    return parser


def _play_all(arguments: argparse.Namespace) -> Iterator[Played]:
    trackers = {words.partition(":")[0]: find_tracker(words) for words in arguments.trackers.split(",")}
    sheets = {}
    if arguments.sheets:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
        sheets = {name: Sheets(arguments.sheets, f"{name}-{arguments.start}") for name in trackers}
    for clip_name in choose(0, [name for name in arguments.clips.split(",") if name], arguments.half):
        clip = load(clip_name, arguments.frames)
        for name, make in trackers.items():
            played = play(clip, make, begin=_begin(name, arguments.start), label=name, start=arguments.start)
            if name in sheets:
                sheets[name].add(clip, played)
            yield played
    for sheet in sheets.values():
        sheet.close()


def _begin(tracker: str, start: str) -> Begin:
    if start == "mask":
        return from_mask
    return from_rectangle if tracker in BY_BOX else from_box


if __name__ == "__main__":
    sys.exit(main())
