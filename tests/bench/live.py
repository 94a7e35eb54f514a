"""Live in, clean out, measured: a camera with its frames' numbers in the picture, a server, a client that reads them.

`python -m tests.bench.live --seconds 600` runs an RTSP server, a camera that pushes to it, cleanplate that reads that,
cleans it and pushes to a second path, and a client that reads there: each a process of its own. The number in every
picture says when it was captured, so the client knows order, repeats, gaps and the latency from camera to client.
`--times 10` is ten times real time, for a soak. `--restarts 20` kills the server that often and starts it again;
`--slow 5` lets the engine run a fifth of the time. What grows over time is sampled once a second: memory and open files
of each process of cleanplate, and what is in shared memory.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from tests.clips import BAR_ROWS, BITS, Clip, number_in, planes
from tests.ports import free_ports

FPS = 25  # of real time
NUMBERS = 1 << BITS  # after which they begin anew
TEXTURES = 100  # pictures that the camera shows in turn, each with its own number over them
SHARED = "/dev/shm"
OLD_S = 30.0  # a latency beyond that is a number misread, or a client that was kept from reading
Seen = list[tuple[float, int]]  # seconds since the beginning, and the number in the picture that was shown then
Sample = tuple[float, int]  # MiB, and open files
REGION = (0.35, 0.4, 0.15, 0.35)  # of the picture: where something is removed


def camera(url: str, width: int, height: int, fps: int, began: float) -> None:
    """Push numbered frames at their rate, for ever; again after a moment where the server is gone."""
    clip = Clip(width=width, height=height)
    pictures = [planes(seq, clip.format) for seq in range(TEXTURES)]
    while True:
        with contextlib.suppress(av.error.FFmpegError):
            _push(url, clip, pictures, fps, began)
        time.sleep(0.5)


def _push(url: str, clip: Clip, pictures: list[Any], fps: int, began: float) -> None:
    options = {"rtsp_transport": "tcp", "timeout": "2000000"}
    with av.open(url, "w", format="rtsp", options=options) as output:
        coding = {"preset": "ultrafast", "tune": "zerolatency", "g": str(fps), "crf": "20"}
        stream = output.add_stream("libx264", rate=fps, options=coding)
        stream.width, stream.height, stream.pix_fmt = clip.width, clip.height, clip.pixel_format
        first = int((time.time() - began) * fps) + 1
        for seq in count(first):
            time.sleep(max(0.0, began + seq / fps - time.time()))
            frame = _numbered(pictures[seq % TEXTURES], seq, clip)
            frame.pts, frame.time_base = seq - first, Fraction(1, fps)
            for packet in stream.encode(frame):
                output.mux(packet)


def _numbered(picture: Any, seq: int, clip: Clip) -> av.VideoFrame:
    bright = picture[0].copy()
    width = clip.width // 8
    for bit in range(BITS):
        x, y = bit % 8 * width, bit // 8 * BAR_ROWS
        bright[y : y + BAR_ROWS, x : x + width] = 235 if seq >> bit & 1 else 16
    frame = av.VideoFrame(clip.width, clip.height, clip.pixel_format)
    for plane, samples in zip(frame.planes, (bright, *picture[1:]), strict=True):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        rows[: samples.shape[0], : samples.shape[1]] = samples
    return frame


def client(url: str, report: Path, began: float) -> None:
    """Read for ever, and write (time, number) of every frame, a line each."""
    with report.open("w", buffering=1) as lines:
        while True:
            with contextlib.suppress(av.error.FFmpegError), av.open(url, options=READING, timeout=5) as source:
                source.streams.video[0].codec_context.thread_count = 1
                for frame in source.decode(video=0):
                    bright = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
                    lines.write(f"{time.time() - began:.3f} {number_in(bright[: frame.height, : frame.width])}\n")
            time.sleep(0.5)


READING = {"rtsp_transport": "tcp", "fflags": "nobuffer", "analyzeduration": "200000"}


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run it all and return what was found."""
    port, began, report = free_ports(1), time.time(), folder / "frames.txt"
    urls = [f"rtsp://127.0.0.1:{port}/{path}" for path in ("camera", "clean")]
    fps = FPS * arguments.times
    size = [str(arguments.width), str(arguments.height), str(fps)]
    own = [sys.executable, "-m", "tests.bench.live"]
    server = _serve(port)
    others = [subprocess.Popen([*own, "--camera", urls[0], *size, str(began)], stderr=subprocess.DEVNULL)]
    time.sleep(3)
    cleaning = subprocess.Popen(command(*urls, arguments), stderr=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE)
    others.append(subprocess.Popen([*own, "--client", urls[1], str(report), str(began)], stderr=subprocess.DEVNULL))
    samples: list[dict[str, Sample]] = []
    back: list[float] = []  # seconds after the beginning at which the server was there again
    try:
        for second in range(arguments.seconds):
            if arguments.restarts and second and second % (arguments.seconds // arguments.restarts) == 0:
                server.kill()
                server.wait()
                time.sleep(1.0)
                server = _serve(port)
                back.append(time.time() - began)
            _wait(1.0, cleaning.pid, arguments.slow)
            samples.append(sample(cleaning.pid))
    finally:
        cleaning.send_signal(signal.SIGTERM)
        said = cleaning.communicate(timeout=60)
        for process in (*others, server):
            process.kill()
    frames = [line.split() for line in report.read_text().splitlines()]
    seen = [(float(at), _number(float(at), int(shown), fps)) for at, shown in frames]
    return (
        found(seen, back, fps)
        | growth(samples)
        | {"ledger": said[0].strip().splitlines()[-1:], "code": cleaning.returncode}
    )


def command(source: str, target: str, arguments: argparse.Namespace) -> list[str]:
    x, y, w, h = (
        round(share * side) for share, side in zip(REGION, [arguments.width, arguments.height] * 2, strict=True)
    )
    words = [sys.executable, "-m", "deploy", "remove", source, target, "--region", f"{x},{y},{w},{h}"]
    return [
        *words,
        "--engine",
        arguments.engine,
        "--latency",
        arguments.latency,
        "--preset",
        "ultrafast",
        *arguments.words,
    ]


def _serve(port: int) -> "subprocess.Popen[str]":
    server = subprocess.Popen([sys.executable, "-m", "tests.rtsp", str(port)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    server.stdout.readline()
    return server


def _wait(seconds: float, pid: int, slow: int) -> None:
    """Wait; where it is to be slow, let the engine run only so often meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        engines = [child for child in _children(pid) if "inpaint-0" in " ".join(_words(child))] if slow > 1 else []
        for number, share in ((signal.SIGSTOP, 1 - 1 / slow), (signal.SIGCONT, 1 / slow)) if engines else ():
            for engine in engines:
                with contextlib.suppress(psutil.NoSuchProcess):
                    engine.send_signal(number)
            time.sleep(0.1 * share)
        if not engines:
            time.sleep(left)


def _words(process: psutil.Process) -> list[str]:
    try:
        words: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return words


def _children(pid: int) -> Iterator[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        yield from psutil.Process(pid).children(recursive=True)


def sample(pid: int) -> dict[str, Sample]:
    """Return (MiB, open files) of every process of the run by its name, and of what is in shared memory."""
    space = os.statvfs(SHARED)
    found = {SHARED: ((space.f_blocks - space.f_bfree) * space.f_frsize / 2**20, len(os.listdir(SHARED)))}
    for child in [psutil.Process(pid), *_children(pid)]:
        words = _words(child)
        name = words[words.index("deploy.worker") + 1] if "deploy.worker" in words else words[3] if words[3:] else "?"
        with contextlib.suppress(psutil.Error):
            found[name] = child.memory_info().rss / 2**20, child.num_fds()
    return found


def _number(at: float, shown: int, fps: int) -> int:
    """Return the number of a frame, of which the picture has but the lower bits, from when it was read."""
    now = int(at * fps)
    return now - (now - shown) % NUMBERS


def found(seen: list[tuple[float, int]], back: list[float], fps: int) -> dict[str, object]:
    """Return what the client saw: numbers, order, latency, and how soon a new frame came after each restart."""
    latencies, newest, repeats, wrong, old = [], -1, 0, 0, 0
    fresh: list[float] = []
    for at, number in seen:
        latency = at - number / fps
        if number == newest:
            repeats += 1
        elif number < newest:
            wrong += 1
        elif latency >= OLD_S:
            old += 1
        else:
            newest = number
            fresh.append(at)
            latencies.append(latency)
    recovered = [next((at - there for at in fresh if at > there + 0.2), -1.0) for there in back]
    span = seen[-1][0] - seen[0][0] if seen else 0.0
    return {
        "seen": len(seen),
        "a_second": round(len(seen) / max(span, 1e-9), 2),
        "fresh_a_second": round(len(fresh) / max(span, 1e-9), 2),
        "repeats": repeats,
        "out_of_order": wrong,
        f"older_than_{OLD_S:.0f}_s": old,
        "latency_p50_p99_most": [round(float(np.percentile(latencies, q)), 3) for q in (50, 99, 100)]
        if latencies
        else [],
        "recovered_s": [round(value, 1) for value in recovered],
    }


def growth(samples: list[dict[str, Sample]]) -> dict[str, object]:
    """Return for every process memory and files at a third of the time and at the end, and MiB an hour between."""
    table = {}
    for name in samples[-1]:
        rows = [(second, *sample[name]) for second, sample in enumerate(samples) if name in sample]
        late = np.array(rows[len(rows) // 3 :])
        slope = float(np.polyfit(late[:, 0], late[:, 1], 1)[0]) * 3600 if len(late) > 10 else 0.0
        table[name] = {"mib": [round(late[0, 1], 1), round(late[-1, 1], 1)], "mib_an_hour": round(slope, 1)}
        table[name]["files"] = [int(late[0, 2]), int(late[-1, 2])]
    return {"processes": table}


def main() -> None:
    """Measure, or be one of the parts."""
    if sys.argv[1:2] == ["--camera"]:
        camera(sys.argv[2], *map(int, sys.argv[3:6]), float(sys.argv[6]))
    if sys.argv[1:2] == ["--client"]:
        client(sys.argv[2], Path(sys.argv[3]), float(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--width", type=int, default=854)
    parser.add_argument("--height", type=int, default=480)
    parser.add_argument("--engine", default="propagate")
    parser.add_argument("--latency", default="2s")
    parser.add_argument("--restarts", type=int, default=0, metavar="N")
    parser.add_argument("--times", type=int, default=1, metavar="TIMES", help="as fast as real time")
    parser.add_argument("--slow", type=int, default=1, metavar="TIMES")
    parser.add_argument("words", nargs="*", help="more for cleanplate, after --")
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(parser.parse_args(), Path(folder)), indent=1) + "\n")


if __name__ == "__main__":
    main()
