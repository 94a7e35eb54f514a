"""The command line: words in, an exit code out. Prints; decides nothing.

Nothing heavy is imported before a command is chosen, so `cleanplate --help` is instant.
"""

import argparse
import json
import logging
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from deploy.logins import words_of_this_program
from deploy.options import add_job_options, job_of

if TYPE_CHECKING:
    from deploy.config import Job
    from deploy.outcome import Outcome

USAGE: Final = 2  # as argparse has it

EPILOG = """examples:
  cleanplate remove street.mp4 clean.mp4 --box 412,96,60,200      x,y,w,h around it on the first frame
  cleanplate remove street.mp4 clean.mp4 --point 440,180@2.5      on it, 2.5 s after the begin
  cleanplate remove street.mp4 clean.mp4 --target person          everyone, whenever they walk by
  cleanplate remove street.mp4 clean.mp4 --mask masks/            a PNG per frame, or a mask video
  cleanplate remove street.mp4 --track-only masks/ --box 4,9,6,2  the masks alone, to be looked at and given back
  cleanplate remove show.mkv clean.mkv --region 1650,40,220,90    a fixed region: logo, subtitle, watermark
  cleanplate remove frames/ out/ --fps 24 --mask masks/           folders of images
  cleanplate eval --reference plate.mkv --output clean.mkv        how near it is to what it should be
  cleanplate weights list                                         checkpoints for networks; none is needed
  cleanplate demo                                                 makes a clip, cleans it, shows before and after

exit codes: 0 done; 1 inspect found differences; 2 wrong usage; 3 source; 4 prompt or mask; 5 output; 6 option;
7 a process died; 8 an address is wrong or taken; 9 the ledger does not balance; 10 transport;
12 an object is lost and --lost is stop; 13 a checkpoint is missing or not what it should be;
14 a checkpoint could not be fetched; 130 Ctrl-C; 143 SIGTERM"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command."""
    arguments = _parser().parse_args(_glued(words_of_this_program() if argv is None else argv))
    logging.getLogger().setLevel(logging.DEBUG if arguments.verbose else logging.WARNING)
    try:
        code: int = arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        return _complain(error, arguments.verbose)
    return code


def _complain(error: Exception, verbose: bool) -> int:
    from deploy.errors import exit_code, sentence

    if verbose:
        logging.getLogger(__name__).exception("the whole of it:")
    print(f"cleanplate: {sentence(error)}", file=sys.stderr)
    return exit_code(error)


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one line, as everything else does."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"cleanplate: {message}; {self.prog} --help says what is possible\n")


def _glued(words: Sequence[str]) -> list[str]:
    """Write `--box -5,0,9,9` as `--box=-5,0,9,9`: argparse would take the value for an option."""
    glued: list[str] = []
    for word in words:
        if glued and re.fullmatch(r"--\w[\w-]*", glued[-1]) and re.match(r"-[\d.]|-(inf|nan)\b", word):
            glued[-1] += f"={word}"
        else:
            glued.append(word)
    return glued


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = _Parser(
        prog="cleanplate",
        description="Removes what you point at from a video, and gives the video back.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="tracebacks and debug lines")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_remove(commands)
    _add_demo(commands)
    _add_inspect(commands)
    from deploy.quality.command import add_eval
    from deploy.stage_cli import add_stage
    from deploy.weights_cli import add_weights

    add_eval(commands)
    add_weights(commands)
    add_stage(commands)
    return parser


def _add_remove(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    remove = commands.add_parser("remove", help="remove something from a video")
    remove.add_argument("source", help="a video file, a folder of images, or - for stdin")
    remove.add_argument(
        "target", nargs="?", default="", help="a video file, a folder (ends with /) for PNGs, or - for stdout"
    )
    add_job_options(remove)
    masks = remove.add_argument_group("masks instead of a clean video")
    masks.add_argument("--track-only", default="", metavar="PATH", help="write them: a folder/ of PNGs, or a .mkv")
    masks.add_argument("--overlay", default="", metavar="PATH", help="and the video with them laid over it")
    remove.add_argument("--inline", action="store_true", help="run all stages in one process")
    remove.add_argument("--json", action="store_true", help="progress and ledger as JSON lines on stdout")
    remove.set_defaults(run=_remove)


def _remove(arguments: argparse.Namespace) -> int:
    from dataclasses import replace

    from deploy.display import json_display, line_display, table_display
    from deploy.run import check_job, run_distributed, run_here
    from stages.errors import OptionError

    job = job_of(arguments)
    if arguments.track_only and job.target:
        raise OptionError(f"--track-only writes masks instead of a clean video: leave {job.target} out")
    if arguments.overlay and not arguments.track_only:
        raise OptionError("--overlay shows masks beside those that --track-only writes; give both")
    if arguments.track_only:
        job = replace(job, target=arguments.track_only, track_only=True, overlay=arguments.overlay)
    check_job(job)
    if arguments.json and job.target == "-":
        raise OptionError("--json writes to stdout, where the video goes; one of the two must go elsewhere")
    display = json_display if arguments.json else table_display if sys.stderr.isatty() else line_display
    with display() as show:
        outcome = run_here(job) if arguments.inline else run_distributed(job, show)
    return _report(outcome, job, arguments.json)


def _report(outcome: "Outcome", job: "Job", as_json: bool) -> int:
    import dataclasses

    if as_json:
        ledger = {**dataclasses.asdict(outcome.ledger), "imbalance": outcome.ledger.imbalance}
        print(json.dumps({"event": "end", "code": outcome.code, "error": outcome.sentence, "ledger": ledger}))
    elif job.target == "-":
        print(outcome.ledger, file=sys.stderr)
    else:
        print(outcome.ledger)
    if outcome.sentence:
        print(f"cleanplate: {outcome.sentence}", file=sys.stderr)
    return outcome.code


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser("demo", help="make a clip, clean it, show before and after")
    demo.add_argument("folder", nargs="?", default="demo", help="where to (%(default)s)")
    demo.set_defaults(run=_demo)


def _demo(arguments: argparse.Namespace) -> int:
    from deploy.demo.demo import run_demo

    return run_demo(arguments.folder)


def _add_inspect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    inspect = commands.add_parser("inspect", help="what differs between two videos")
    inspect.add_argument("a")
    inspect.add_argument("b")
    inspect.set_defaults(run=_inspect)


def _inspect(arguments: argparse.Namespace) -> int:
    from deploy.errors import DIFFERENT
    from deploy.inspect import inspect, report

    differences = inspect(arguments.a, arguments.b)
    print(report(differences))
    return DIFFERENT if any(not difference.inherent for difference in differences) else 0


if __name__ == "__main__":
    sys.exit(main())
