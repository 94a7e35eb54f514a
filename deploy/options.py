"""The options of a job: declared once, for `remove` and for every single stage; words in, a Job out."""

import argparse
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from deploy.config import Job
    from stages.inpaint.engine import EngineOptions
    from stages.segment.config import SegmentConfig
    from stages.segment.prompts import Prompts


REPEATED: Final[dict[str, Any]] = {"action": "append", "default": []}


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Declare everything that a Job holds beside source and target."""
    _add_prompts(parser)
    _add_finding(parser)
    _add_filling(parser)
    _add_live(parser)
    _add_networks(parser)
    _add_files(parser)


def _add_prompts(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what to remove (several are united)")
    what.add_argument("--box", **REPEATED, metavar="X,Y,W,H[@TIME]", help="around it; TIME is 12.5, 1:30 or 300f")
    what.add_argument("--point", **REPEATED, metavar="X,Y[@TIME]", help="on it; -X,Y is a point beside it")
    what.add_argument("--not-point", **REPEATED, metavar="X,Y[@TIME]", help="beside it")
    what.add_argument("--mask", **REPEATED, metavar="PATH[@TIME]", help="its mask; or a folder or video of all masks")
    what.add_argument(
        "--target", **REPEATED, dest="classes", metavar="CLASS", help="person, car, ...: everyone and all; or: moving"
    )
    what.add_argument("--region", **REPEATED, metavar="X,Y,W,H", help="a fixed part of the picture, or a PNG of one")
    what.add_argument("--keep", **REPEATED, metavar="X,Y,W,H", help="a part that is never touched")


def _add_finding(parser: argparse.ArgumentParser) -> None:
    finding = parser.add_argument_group("how to find and follow it")
    finding.add_argument("--segmenter", default="auto", help="grabcut, sam_vit_b, sam_vit_l, sam_vit_h (%(default)s)")
    finding.add_argument(
        "--tracker", default="propagate", help="or siammask, aott, aots, aotl, r50_aotl, nanotrack (%(default)s)"
    )
    finding.add_argument("--detector", default="auto", help="of classes: fastestdet, hog, selfie, ... (%(default)s)")
    finding.add_argument("--every", type=int, default=3, metavar="N", help="frames to the next detection (%(default)s)")
    finding.add_argument("--confirm", type=int, default=1, metavar="N", help="sightings before removal (%(default)s)")
    finding.add_argument("--lost", default="hold", help="where it is lost: hold its mask, blur, stop (%(default)s)")
    mask = parser.add_argument_group("how large the mask is")
    mask.add_argument("--effects", default="", metavar="shadow", help="remove its shadow and reflection too")
    mask.add_argument("--dilate", type=int, default=4, metavar="PX", help="widen the mask (%(default)s)")
    mask.add_argument("--feather", type=int, default=3, metavar="PX", help="fade its edge out (%(default)s)")
    mask.add_argument("--hold", type=int, default=0, metavar="FRAMES", help="keep a pixel masked so long (%(default)s)")


def _add_filling(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("how to fill")
    how.add_argument("--engine", default="propagate", help="propagate, vinet, sttn, telea, blank (%(default)s)")
    how.add_argument("--fill", default="sharp", help="sharp, or faithful: doubtful pixels stay smooth (%(default)s)")
    how.add_argument("--look-ahead", type=int, default=6, metavar="0..6", help="frames of delay (%(default)s)")
    how.add_argument("--passes", type=int, default=1, metavar="1|2", help="2: look for what is shown much later first")
    how.add_argument("--replicas", type=count, default=1, metavar="N", help="inpaint processes (%(default)s)")
    how.add_argument("--chunk", type=int, default=0, metavar="FRAMES", help="unit of parallel work (from the budget)")
    how.add_argument("--memory", default="1GiB", metavar="SIZE", help="budget for frames in flight (%(default)s)")


def _add_live(parser: argparse.ArgumentParser) -> None:
    live = parser.add_argument_group("a camera or broadcast: rtsp, rtmp, srt, udp, /dev/video0")
    live.add_argument("--live", action="store_true", help="take any other URL, or a pipe, for one too")
    live.add_argument("--latency", default="2s", metavar="TIME", help="from capture to output (%(default)s)")
    live.add_argument("--silence", default="", metavar="TIME", help="without a frame, till reopened (5s, HTTP 10s)")
    live.add_argument("--also", **REPEATED, metavar="TARGET", help="rtsp://..., hls:DIR, record:DIR beside the first")
    live.add_argument(
        "--keep-recordings", default="", metavar="AGE,SIZE", help="delete the oldest beyond 7d, 500GiB, 7d,500GiB (all)"
    )
    live.add_argument("--preview", default="", metavar="HOST:PORT", help="show /preview/segment and /preview/encode")
    live.add_argument("--clock", default="stream", help="its time stamps, or the arrival of frames (%(default)s)")


def _add_networks(parser: argparse.ArgumentParser) -> None:
    networks = parser.add_argument_group("networks, where one is chosen")
    networks.add_argument("--weights", default="", metavar="DIR", help="where checkpoints lie, beside the usual places")
    networks.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 (%(default)s)")
    networks.add_argument("--devices", default="", metavar="A,B", help="of the inpaint processes, in turn (--device)")
    networks.add_argument("--precision", default="auto", help="f32, bf16, or what is fast there (%(default)s)")
    networks.add_argument(
        "--working", type=int, default=0, metavar="PX", help="longest side shown to an engine (its own)"
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
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
    from deploy.keep import parse_kept
    from deploy.logins import SOURCE, TARGET, with_login
    from deploy.policy import as_live, policy_of
    from stages.decode.config import DecodeConfig
    from stages.encode.config import EncodeConfig
    from stages.errors import OptionError

    try:
        fps = Fraction(arguments.fps).limit_denominator(1_000_000)
    except (ValueError, ZeroDivisionError) as error:
        raise OptionError(f"--fps {arguments.fps} is no rate; 25, 23.976 or 30000/1001 would be") from error
    source = with_login(arguments.source, SOURCE)
    live = policy_of(arguments.source, arguments.live, arguments.latency, arguments.silence)
    decode = DecodeConfig(fps=fps, loop=arguments.loop, clock=arguments.clock)
    return Job(
        source=source,
        target=with_login(arguments.target, TARGET),
        prompts=_prompts(arguments),
        decode=as_live(decode, live) if live else decode,
        live=live,
        also=tuple(arguments.also),
        folders=parse_kept(arguments.keep_recordings),
        preview=arguments.preview,
        segment=_segment(arguments),
        encode=EncodeConfig(codec=arguments.codec, crf=arguments.crf, preset=arguments.preset, force=arguments.force),
        engine=arguments.engine,
        inpaint=_inpaint(arguments),
        devices=tuple(word.strip() for word in arguments.devices.split(",") if word.strip()),
        passes=arguments.passes,
        replicas=arguments.replicas,
        chunk=arguments.chunk,
        memory=parse_size(arguments.memory),
        metrics=arguments.metrics,
    )


def _segment(arguments: argparse.Namespace) -> "SegmentConfig":
    from stages.segment.config import SegmentConfig

    return SegmentConfig(
        segmenter=arguments.segmenter,
        tracker=arguments.tracker,
        detector=arguments.detector,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        every=arguments.every,
        confirm=arguments.confirm,
        lost=arguments.lost,
        effects=tuple(word for word in arguments.effects.split(",") if word),
        dilate=arguments.dilate,
        feather=arguments.feather,
        hold=arguments.hold,
    )


def _inpaint(arguments: argparse.Namespace) -> "EngineOptions":
    from stages.inpaint.engine import EngineOptions

    return EngineOptions(
        fill=arguments.fill,
        look_ahead=arguments.look_ahead,
        weights=arguments.weights,
        device=arguments.device,
        precision=arguments.precision,
        working=arguments.working,
    )


def count(words: str) -> int:
    """Read 4 or inpaint=4: inpaint is the stage that has replicas."""
    return int(words.removeprefix("inpaint="))


def _prompts(arguments: argparse.Namespace) -> "Prompts":
    from stages.errors import PromptError
    from stages.segment.prompts import Prompt, Prompts
    from stages.segment.words import parse_box, parse_mask, parse_object_box, parse_point, parse_region
    from transport.messages import Box

    masks = [parse_mask(words) for words in arguments.mask]
    regions = [parse_region(words) for words in arguments.region]
    every_frame = [mask for mask in masks if isinstance(mask, str)]
    if len(every_frame) > 1:
        raise PromptError(
            f"--mask {every_frame[0]} and --mask {every_frame[1]} both hold every frame's, one can be used"
        )
    return Prompts(
        objects=(
            *(parse_object_box(words) for words in arguments.box),
            *(mask for mask in masks if isinstance(mask, Prompt)),
            *(parse_point(words) for words in arguments.point),
            *(parse_point(words, background=True) for words in arguments.not_point),
        ),
        targets=tuple(word.strip() for words in arguments.classes for word in words.split(",") if word.strip()),
        regions=tuple(region for region in regions if isinstance(region, Box)),
        region_masks=tuple(region for region in regions if isinstance(region, str)),
        mask=every_frame[0] if every_frame else None,
        keep=tuple(parse_box(words, "keep") for words in arguments.keep),
    )
