"""The options of a job: declared once, for `remove` and for every single stage; words in, a Job out."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.config import Job


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Declare everything that a Job holds beside source and target."""
    what = parser.add_argument_group("what to remove (several are united)")
    what.add_argument("--box", action="append", default=[], metavar="X,Y,W,H", help="around it on the first frame")
    what.add_argument("--region", action="append", default=[], metavar="X,Y,W,H", help="a fixed part of the picture")
    what.add_argument("--mask", metavar="PATH", help="a PNG per frame in a folder, one PNG, or a mask video")
    what.add_argument("--dilate", type=int, default=4, metavar="PX", help="widen the mask (%(default)s)")
    what.add_argument("--feather", type=int, default=3, metavar="PX", help="fade its edge out (%(default)s)")
    what.add_argument("--hold", type=int, default=0, metavar="FRAMES", help="keep a pixel masked so long (%(default)s)")
    how = parser.add_argument_group("how to fill")
    how.add_argument("--engine", default="propagate", help="propagate, telea, blank (%(default)s)")
    how.add_argument("--fill", default="sharp", help="sharp, or faithful: doubtful pixels stay smooth (%(default)s)")
    how.add_argument("--look-ahead", type=int, default=6, metavar="0..6", help="frames of delay (%(default)s)")
    how.add_argument("--passes", type=int, default=1, metavar="1|2", help="2: look for what is shown much later first")
    how.add_argument("--replicas", type=int, default=1, metavar="N", help="inpaint processes (%(default)s)")
    how.add_argument("--chunk", type=int, default=0, metavar="FRAMES", help="unit of parallel work (from the budget)")
    how.add_argument("--memory", default="1GiB", metavar="SIZE", help="budget for frames in flight (%(default)s)")
    files = parser.add_argument_group("reading and writing")
    files.add_argument("--fps", default="25", help="of a folder of images (%(default)s)")
    files.add_argument("--loop", type=int, default=1, metavar="N", help="play the source N times (%(default)s)")
    files.add_argument("--codec", default="auto", help="h264, hevc, av1, vp9, ffv1, prores, nvenc, ... (as the source)")
    files.add_argument("--crf", type=int, help="quality in the codec's scale (visually lossless)")
    files.add_argument("--preset", help="speed, by the codec's own names")
    files.add_argument("--force", action="store_true", help="overwrite the target")
    files.add_argument("--metrics", default="", metavar="HOST:PORT", help="serve Prometheus metrics, a port a process")


def job_of(arguments: argparse.Namespace) -> "Job":
    """Return the Job that the parsed words spell."""
    from fractions import Fraction

    from deploy.budget import parse_size
    from deploy.config import Job
    from stages.decode.config import DecodeConfig
    from stages.encode.config import EncodeConfig
    from stages.errors import OptionError
    from stages.inpaint.engine import EngineOptions
    from stages.segment.prompts import Prompts, parse_box
    from stages.segment.segment import SegmentConfig

    try:
        fps = Fraction(arguments.fps).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError) as error:
        raise OptionError(f"--fps {arguments.fps} is no rate; 25, 23.976 or 30000/1001 would be") from error
    return Job(
        source=arguments.source,
        target=arguments.target,
        prompts=Prompts(
            boxes=tuple(parse_box(words) for words in arguments.box),
            regions=tuple(parse_box(words, "region") for words in arguments.region),
            mask=arguments.mask,
        ),
        decode=DecodeConfig(fps=fps, loop=arguments.loop),
        segment=SegmentConfig(dilate=arguments.dilate, feather=arguments.feather, hold=arguments.hold),
        encode=EncodeConfig(codec=arguments.codec, crf=arguments.crf, preset=arguments.preset, force=arguments.force),
        engine=arguments.engine,
        inpaint=EngineOptions(fill=arguments.fill, look_ahead=arguments.look_ahead),
        passes=arguments.passes,
        replicas=arguments.replicas,
        chunk=arguments.chunk,
        memory=parse_size(arguments.memory),
        metrics=arguments.metrics,
    )
