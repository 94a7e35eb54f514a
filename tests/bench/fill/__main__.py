"""How well the engines fill real clips: `python -m tests.bench.fill --protocol A --engines telea,propagate:faithful`.

See tests/bench/fill/clips.py for the protocols. Constants are chosen on one half of the clips (`--half dev`) and
reported on the other (`--half held`). Times mean something with one worker on an idle machine.
"""

import argparse
import re
import sys
from pathlib import Path

from stages.errors import StageError
from stages.inpaint.engine import FILLS, EngineOptions
from tests.bench.fill.clips import FOOTAGE, HALVES, PROTOCOLS, Setting, choose
from tests.bench.fill.contest import parse_engines
from tests.bench.fill.table import HEADER, LEGEND, line, summary, write_json
from tests.bench.fill.task import Task, play_all


def main() -> int:
    """Print a line for every clip and engine, and the means."""
    arguments = _parser().parse_args()
    if not FOOTAGE.is_dir():
        print(f"there is no footage at {FOOTAGE}", file=sys.stderr)
        return 1
    try:
        task = _task(arguments)
    except StageError as error:
        print(error, file=sys.stderr)
        return 2
    names = choose(arguments.clips, [name for name in arguments.only.split(",") if name], arguments.half)
    print(HEADER)
    results = []
    for played in play_all(names, task, arguments.workers):
        print(*(line(result) for result in played), sep="\n", flush=True)
        results += played
    print(*summary(results, [entry.label for entry in task.entries]), LEGEND, sep="\n")
    if arguments.json:
        write_json(results, task.setting, arguments.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fill", description=__doc__)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="A")
    parser.add_argument("--clips", type=int, default=0, metavar="N", help="the first so many (all)")
    parser.add_argument("--only", default="", metavar="NAME[,NAME]")
    parser.add_argument("--half", choices=HALVES, default="all", help="dev: the 1st, 3rd, ... of all; held: the others")
    parser.add_argument("--frames", type=int, default=0, metavar="N", help="of each clip (all)")
    parser.add_argument("--engines", default="telea,propagate", help="telea,ns,median,plate,propagate:faithful:0")
    parser.add_argument("--fill", choices=FILLS, default="sharp", help="where --engines says nothing (%(default)s)")
    parser.add_argument("--look-ahead", type=int, default=6, metavar="FRAMES", help="likewise (%(default)s)")
    parser.add_argument("--size", type=_size, default=(432, 240), metavar="WxH", help="(432x240)")
    parser.add_argument("--dilate", type=int, default=7, metavar="PX", help="of the masks of C (%(default)s)")
    parser.add_argument("--ssim-every", type=int, default=1, metavar="N", help="of so many frames one (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheets", type=Path, metavar="FOLDER", help="a contact sheet of every clip, at full size")
    parser.add_argument("--video", type=Path, metavar="FOLDER", help="a video of every clip: side by side, differences")
    parser.add_argument("--lpips-weights", type=Path, nargs="+", default=[], metavar="FILE", help="AlexNet and heads")
    parser.add_argument("--vfid-weights", type=Path, metavar="FILE", help="i3d_rgb_imagenet.pt")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes, over clips (%(default)s)")
    return parser


def _size(words: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", words)
    if not found:
        raise argparse.ArgumentTypeError(f"{words!r} is no size, 432x240 would be")
    return int(found[1]), int(found[2])


def _task(arguments: argparse.Namespace) -> Task:
    options = EngineOptions(fill=arguments.fill, look_ahead=arguments.look_ahead)
    for folder in (arguments.sheets, arguments.video):
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
    return Task(
        setting=Setting(
            protocol=arguments.protocol, size=arguments.size, frames=arguments.frames, dilate=arguments.dilate
        ),
        entries=parse_engines(arguments.engines, options),
        ssim_every=arguments.ssim_every,
        sheets=arguments.sheets,
        video=arguments.video,
        lpips=tuple(arguments.lpips_weights),
        vfid=arguments.vfid_weights,
    )


if __name__ == "__main__":
    sys.exit(main())
