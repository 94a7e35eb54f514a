"""`cleanplate eval`: words in, a table and files out."""

import argparse
from pathlib import Path

EPILOG = """the measures:
  PSNR            of the whole RGB picture, mean over frames; "hole" counts the masked pixels alone
  SSIM            as the papers on video inpainting have it: uniform window of 65 pixels, colour
  gradient        mean gradient within the hole over that in the ring of 10 pixels around it: blur is below 1
  warping error   mean squared change along the motion, of pixels that stay in sight: flicker; compare hole and ring
  LPIPS, VFID     learned likeness, where their checkpoints are given and torch is installed

Masks are taken as they are. `remove` widens its masks: compare under the same by `remove --dilate 0 --feather 0`."""


def add_eval(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "eval",
        help="how near a video is to what it should be",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--reference", required=True, metavar="PATH", help="what it should be: a video, or images")
    parser.add_argument("--output", required=True, metavar="PATH", help="what it is")
    parser.add_argument(
        "--mask", metavar="PATH", help="what was removed: a PNG per frame in a folder, one PNG, a video"
    )
    parser.add_argument(
        "--flow",
        default="reference",
        metavar="WHOSE",
        help="reference or output: whose motion the warping error follows; output, if the reference still shows the"
        " object (%(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="every frame's values and the means")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="moments of both, and their differences")
    parser.add_argument("--difference", metavar="FILE.mp4", help="a video of the differences, four times as large")
    parser.add_argument("--lpips-weights", type=Path, nargs="+", default=[], metavar="FILE", help="AlexNet and heads")
    parser.add_argument("--vfid-weights", type=Path, metavar="FILE", help="i3d_rgb_imagenet.pt")
    parser.add_argument("--force", action="store_true", help="overwrite the files")
    parser.set_defaults(run=run_eval)


def run_eval(arguments: argparse.Namespace) -> int:
    """Compare, print, and return 0; StageError says what is wrong."""
    from rich.console import Console

    from deploy.quality.evaluate import Wanted, evaluate
    from deploy.quality.report import show

    wanted = Wanted(
        reference=arguments.reference,
        output=arguments.output,
        mask=arguments.mask,
        flow=arguments.flow,
        json=arguments.json,
        sheet=arguments.sheet,
        film=arguments.difference,
        force=arguments.force,
        lpips=tuple(arguments.lpips_weights),
        vfid=arguments.vfid_weights,
    )
    show(evaluate(wanted), Console())
    return 0
