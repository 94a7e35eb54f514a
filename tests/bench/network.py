"""A live run over a bad network, measured: as it is, delayed, lossy, and cut off again and again.

`python -m tests.bench.network` runs an RTSP server, a camera and a client in one network namespace and cleanplate in
another; between the two lies tests/bench/relay.py. For each phase it prints what the client saw, and how long after
each return of the network a frame came again, and one that was captured since. Takes root; see tests/namespaces.py.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.live import FPS, Sample, Seen, command, found, growth, sample
from tests.bench.relay import Relay, Weather
from tests.namespaces import Host, hosts, why_not
from tests.rtsp import RtspServer

CAMERAS, PLANT = "10.78.0.1", "10.78.0.2"  # the host of server, camera and client; the one of cleanplate
PORT = 8554
START_S = 15  # until everything runs; not measured
REST_S = 20  # after each cut
ANSWER_S = 90.0  # from the interrupt to the ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """How the network is for a while."""

    name: str
    seconds: int
    weather: Weather


def phases(seconds: int, cuts: list[int]) -> list[Phase]:
    """Return what the run goes through, one after the other."""
    plain = Weather()
    steady = {"plain": plain, "delayed 100 ms": Weather(delay_s=0.1), "2 % lost": Weather(loss=0.02)}
    plan = [Phase(name=name, seconds=seconds, weather=weather) for name, weather in steady.items()]
    for turn, cut_s in enumerate(cuts, 1):
        plan.append(Phase(name=f"cut {turn}, {cut_s} s", seconds=cut_s, weather=Weather(cut=True)))
        plan.append(Phase(name=f"back {turn}, {cut_s} s", seconds=REST_S, weather=plain))
    return plan


def serve() -> None:
    """Be the server, until killed."""
    with RtspServer(host=CAMERAS, port=PORT, kept_bytes=0):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        threading.Event().wait()


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run it all and return what was found."""
    began, report = time.time(), folder / "frames.txt"
    camera, clean = (f"rtsp://{CAMERAS}:{PORT}/{path}" for path in ("camera", "clean"))
    size = [str(arguments.width), str(arguments.height), str(FPS)]
    with hosts(2) as (there, here), Relay(there, CAMERAS, here, PLANT) as relay, ExitStack() as stack:
        server = stack.enter_context(_running(there, "tests.bench.network", "--server"))
        assert server.stdout
        server.stdout.readline()
        stack.enter_context(_running(there, "tests.bench.live", "--camera", camera, *size, str(began)))
        time.sleep(3)
        cleaning = stack.enter_context(_cleaning(here, command(camera, clean, arguments), folder))
        stack.enter_context(_running(there, "tests.bench.live", "--client", clean, str(report), str(began)))
        time.sleep(START_S)
        edges, samples = _go_through(relay, phases(arguments.seconds, arguments.cuts), cleaning.pid)
        cleaning.send_signal(signal.SIGTERM)
        ledger = cleaning.communicate(timeout=ANSWER_S)[0].strip().splitlines()[-1:]
    said = (folder / "said.txt").read_text().splitlines()
    seen = [(float(at), int(number)) for at, number in map(str.split, report.read_text().splitlines())]
    spans = [(phase, start - began, end - began) for phase, start, end in edges]
    return (
        _told(seen, spans)
        | growth(samples)
        | {
            "ledger": ledger,
            "code": cleaning.returncode,
            "said": said,
            "packets": {"carried": relay.carried, "lost": relay.lost},
        }
    )


def _go_through(
    relay: Relay, plan: list[Phase], pid: int
) -> tuple[list[tuple[Phase, float, float]], list[dict[str, Sample]]]:
    """Let every phase pass; return when each began and ended, and what the processes took, once a second."""
    edges, samples = [], []
    for phase in plan:
        relay.weather, start = phase.weather, time.time()
        while (left := start + phase.seconds - time.time()) > 0:
            samples.append(sample(pid))
            time.sleep(min(1.0, left))
        edges.append((phase, start, time.time()))
    return edges, samples


def _told(seen: Seen, spans: list[tuple[Phase, float, float]]) -> dict[str, object]:
    """Return what the client saw in each phase; for one after a cut, how soon it saw something new."""
    table: dict[str, object] = {}
    for phase, start, end in spans:
        within = [(at, number) for at, number in seen if start <= at < end]
        table[phase.name] = {"seen": len(within)} if phase.weather.cut else found(within, [], FPS)
        if phase.name.startswith("back"):
            table[f"return {phase.name}"] = _after(seen, start)
    return {"phases": table}


def _after(seen: Seen, back: float) -> dict[str, float | None]:
    """Return how many seconds after a return of the network a frame came that is new, and one captured since."""
    newest = max((number for at, number in seen if at < back), default=-1)
    later = [(at - back, number) for at, number in seen if at >= back]
    return {
        "new_s": _first(after for after, number in later if number > newest),
        "captured_since_s": _first(after for after, number in later if number / FPS >= back),
    }


def _first(moments: Iterator[float]) -> float | None:
    return next((round(moment, 1) for moment in moments), None)


@contextmanager
def _running(host: Host, module: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """Run one of our modules on a host, until the end."""
    line = host.command(sys.executable, "-m", module, *words)
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _cleaning(host: Host, words: list[str], folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run cleanplate on a host, what it says going to a file: nobody reads a pipe meanwhile."""
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(host.command(*words), stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def main() -> None:
    """Measure, or be the server."""
    if sys.argv[1:2] == ["--server"]:
        serve()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=40, help="of each phase without cuts")
    parser.add_argument("--cuts", type=int, nargs="+", default=[6, 8, 10, 12, 14, 17], metavar="SECONDS")
    parser.add_argument("--width", type=int, default=426)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--engine", default="telea")
    parser.add_argument("--latency", default="2s")
    parser.add_argument("words", nargs="*", help="more for cleanplate, after --")
    arguments = parser.parse_args()
    if reason := why_not():
        sys.exit(reason)
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(arguments, Path(folder)), indent=1) + "\n")


if __name__ == "__main__":
    main()
