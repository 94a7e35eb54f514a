"""What the pipeline costs by itself: against its slowest stage alone, and for frames that have no mask.

`python -m tests.bench.pipeline` decodes, segments, fills and encodes one clip stage by stage (each alone, from memory)
and then as processes with an engine that does nothing; and once more with an empty mask against a plain transcode.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deploy.config import Job
from deploy.run import run_distributed
from deploy.supervisor import Supervisor
from stages.decode.config import DecodeConfig
from stages.decode.decode import decode
from stages.encode.config import EncodeConfig
from stages.encode.encode import encode
from stages.inpaint.engines import find_engine
from stages.inpaint.inpaint import inpaint
from stages.segment.config import SegmentConfig
from stages.segment.prompts import Prompts
from stages.segment.segment import segment
from tests.clips import Clip, make
from transport.messages import Box, CleanFrame, MaskedFrame, Packet, StreamInfo

ENGINE = "blank"


def alone(job: Job) -> dict[str, float]:
    """Return the frames per second of every stage, each fed from memory."""
    rates: dict[str, float] = {}
    decoded = _timed("decode", decode(job.source, job.decode), rates)
    masked = _timed("segment", segment(decoded, job.prompts, job.segment), rates)
    frames = [item for item in masked if isinstance(item, MaskedFrame)]
    clean: list[StreamInfo | Packet | CleanFrame] = [item for item in masked if isinstance(item, StreamInfo)]
    clean += _timed("inpaint", inpaint(frames, find_engine(job.engine)), rates)
    _timed("encode", encode(clean, job.target, job.encode), rates, len(frames))
    return rates


def _timed(name: str, items: Iterable[Any], rates: dict[str, float], count: int = 0) -> list[Any]:
    started = time.perf_counter()
    result = list(items)
    rates[name] = (count or len(result)) / (time.perf_counter() - started)
    return result


def together(job: Job) -> float:
    """Return the frames per second of the processes, from the first report of progress to the last."""
    seen: list[tuple[float, int]] = []

    def show(supervisor: Supervisor) -> None:
        encode_ = supervisor.children.get("encode")
        if encode_ is not None and encode_.progress.written > (seen[-1][1] if seen else 0):
            seen.append((time.perf_counter(), encode_.progress.written))

    outcome = run_distributed(job, show)
    assert outcome.code == 0, outcome.sentence
    return (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def transcode(job: Job) -> float:
    """Return the frames per second of decode and encode in one process, with nothing between."""
    started, frames = time.perf_counter(), 0
    for written in encode(_untouched(job), job.target, job.encode):
        frames = written.frames
    return frames / (time.perf_counter() - started)


def _untouched(job: Job) -> Iterable[StreamInfo | Packet | CleanFrame]:
    from transport.messages import Mask, Patch

    nothing = Mask(box=Box(x=0, y=0, width=0, height=0), alpha=np.zeros((0, 0), np.uint8))
    for item in decode(job.source, job.decode):
        if isinstance(item, StreamInfo | Packet):
            yield item
        else:
            yield CleanFrame(frame=item, patch=Patch(seq=item.seq, mask=nothing, pixels=None))


def _median(measure: Callable[[], float], runs: int) -> float:
    return statistics.median(measure() for _ in range(runs))


def main() -> None:
    """Print both ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--height", type=int, default=360)
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--codec", default="h264", help="mpeg4 encodes on one core, h264 on all of them")
    parser.add_argument("--preset")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width = arguments.height * 16 // 9
        plain = Clip(width=width, height=arguments.height, frames=arguments.frames, options={"preset": "ultrafast"})
        source = make(folder / "in.mkv", plain)
        region = Box(x=width // 2, y=arguments.height // 2, width=80, height=60)
        job = Job(
            source=str(source),
            target=str(folder / "out.mkv"),
            prompts=Prompts(regions=(region,)),
            decode=DecodeConfig(),
            segment=SegmentConfig(),
            encode=EncodeConfig(codec=arguments.codec, preset=arguments.preset, force=True),
            engine=ENGINE,
        )
        stages = [alone(job) for _ in range(arguments.runs)]
        medians = {stage: statistics.median(run[stage] for run in stages) for stage in stages[0]}
        slowest = min(medians, key=lambda stage: medians[stage])
        pipeline = _median(lambda: together(job), arguments.runs)
        print(json.dumps({"alone_fps": {stage: round(rate, 1) for stage, rate in medians.items()}}))
        print(json.dumps({"pipeline_fps": round(pipeline, 1), f"of_{slowest}": round(pipeline / medians[slowest], 3)}))
        black = folder / "black.png"
        cv2.imwrite(str(black), np.zeros((arguments.height, width), np.uint8))
        empty = Job(
            source=job.source, target=job.target, prompts=Prompts(region_masks=(str(black),)), encode=job.encode
        )
        direct, passed = (
            _median(lambda: transcode(job), arguments.runs),
            _median(lambda: together(empty), arguments.runs),
        )
        print(
            json.dumps(
                {"transcode_fps": round(direct, 1), "no_mask_fps": round(passed, 1), "ratio": round(passed / direct, 3)}
            )
        )


if __name__ == "__main__":
    main()
