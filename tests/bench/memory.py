"""Memory of a whole run, all processes together, against the length of the video.

`python -m tests.bench.memory` makes a 1080p clip, plays it over and over at the demuxer for each length asked for, and
samples the proportional set size (shared pages counted once) of the supervisor and all workers twice a second.
`--slow encode`, `--slow inpaint` and `--slow stopped` show that nothing piles up before a slow stage.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from deploy.budget import parse_size
from tests.clips import Clip, make

FPS, CLIP_S = 25, 10


def clip(folder: Path) -> Path:
    """Make ten seconds of 1080p with sound."""
    plain = Clip(width=1920, height=1080, frames=FPS * CLIP_S, fps=FPS, audio=("aac",), options={"preset": "ultrafast"})
    return make(folder / "clip.mkv", plain)


def command(source: Path, target: Path, seconds: float, arguments: argparse.Namespace) -> list[str]:
    """Return the run to be measured."""
    words = [sys.executable, "-m", "deploy", "remove", str(source), str(target), "--region", "900,500,120,80"]
    words += ["--loop", str(max(1, round(seconds / CLIP_S))), "--memory", arguments.memory, "--force", "--json"]
    words += ["--replicas", str(arguments.replicas), "--engine", "telea" if arguments.slow == "inpaint" else "blank"]
    return [*words, "--preset", "medium" if arguments.slow == "encode" else "ultrafast", "--crf", "30"]


def measure(words: list[str], report: Path, slow: str) -> dict[str, object]:
    """Run it, and return the peak in MiB, that of its second half, and the frames per second."""
    started, samples = time.monotonic(), []
    with report.open("w") as lines:
        process = subprocess.Popen(words, stdout=lines)
    stopped: int | None = None
    while process.poll() is None:
        samples.append(_pss(process.pid))
        if slow == "stopped" and stopped is None and time.monotonic() - started > 8:
            stopped = _stop_a_replica(process.pid)
        time.sleep(0.5)
    end = json.loads(report.read_text().splitlines()[-1])
    if end["code"]:
        raise SystemExit(end["error"])
    frames = end["ledger"]["frames_out"]
    return {
        "frames": frames,
        "fps": round(frames / (time.monotonic() - started), 1),
        "peak_mib": max(sum(sample.values()) for sample in samples),
        "second_half_mib": max(sum(sample.values()) for sample in samples[len(samples) // 2 :]),
        "samples": len(samples),
        "at_peak": max(samples, key=lambda sample: sum(sample.values())),
    }


def _pss(pid: int) -> dict[str, int]:
    """Return the MiB of every process by its name."""
    found = {}
    for process in _family(pid):
        try:
            name = process.cmdline()[-2] if process.pid != pid else "supervisor"
            found[name] = process.memory_full_info().pss >> 20
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError, ProcessLookupError, IndexError):
            continue
    return found


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _stop_a_replica(pid: int) -> int:
    """Stop one inpaint process."""
    replica = next(child for child in psutil.Process(pid).children() if child.cmdline()[-2] == "inpaint-0")
    os.kill(replica.pid, signal.SIGSTOP)
    return replica.pid


def main() -> None:
    """Print one line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, nargs="+", default=[30, 1800])
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--slow", choices=["", "encode", "inpaint", "stopped"], default="")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = clip(Path(folder))
        for seconds in arguments.seconds:
            result = measure(
                command(source, Path(folder) / "out.mkv", seconds, arguments), Path(folder) / "report", arguments.slow
            )
            budget = parse_size(arguments.memory) >> 20
            print(json.dumps({"seconds": seconds, "budget_mib": budget, "slow": arguments.slow, **result}), flush=True)


if __name__ == "__main__":
    main()
