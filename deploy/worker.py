"""One process: a stage between its source and its sink. Started by deploy.spawn, its Spec coming through a pipe.

Exit code 0: everything was done, or what could be done after a failure that was said. Heavy imports (av, cv2) happen
in the function that runs the stage which needs them.
"""

import logging
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Final

from deploy.config import Spec
from deploy.control import Alone, Control, quietly
from deploy.errors import TERMINATED, exit_code, sentence
from deploy.health import serving
from deploy.orphan import die_with
from deploy.tally import Tally
from stages.errors import StageError
from transport import codec
from transport.errors import Forgotten, Stopped, TransportError
from transport.links import Inlet, Outlet
from transport.messages import CleanFrame, Frame, MaskedFrame, Packet, StreamInfo, Written
from transport.sockets import Hub

log = logging.getLogger(__name__)

YIELDS: Final = 5  # niceness of a live fill: one that is late costs a picture, a clock that is late all that follow


def run_decode(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Read the source, and send it until it ends or the supervisor asks to drain."""
    from deploy.live import decode_live, opened_again
    from stages.decode.decode import decode

    messages = iter(decode(spec.job.source, spec.job.decode))
    info = next(messages)
    control.ready(info)  # type: ignore[arg-type]
    outlet = Outlet(hub, hub.connect(spec.to))
    tally.credit = lambda: outlet.credit.left
    if spec.job.live:
        life: Iterable[StreamInfo | Packet | Frame] = chain([info], messages)
        if not spec.control:
            life = opened_again(life, partial(decode, spec.job.source, spec.job.decode), hub, control, tally)
        decode_live(life, outlet, hub, tally)
        return
    outlet.send(info)
    try:
        for message in tally.timed(messages):
            if control.draining:
                break
            outlet.send(tally.came(message))
            tally.frames_out += isinstance(message, Frame)
    except StageError as error:  # the source broke off: what was read is still worth having
        control.failed(error)
    outlet.end()


def run_segment(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Make masks, and hand the frames out to the replicas."""
    from deploy.dispatch import Dispatcher
    from deploy.live import until_told
    from deploy.policy import Window
    from deploy.work import Distributor
    from stages.decode.live import continued
    from stages.segment.segment import segment

    assert spec.shares is not None
    kinds, live = (StreamInfo, Packet, Frame), spec.job.live
    inlet: Inlet[StreamInfo | Packet | Frame] = Inlet(
        hub, hub.bind(spec.listen, accepts=["decode"]), kinds, budget=spec.shares.link, rejoin=live is not None
    )
    work = hub.bind(spec.work, accepts=["inpaint"])
    dispatcher = Dispatcher(spec.shares.plan, spec.shares.store)
    frames = Outlet(hub, hub.connect(spec.to))
    window = Window(live.latency_s, spec.shares.look_ahead) if live else None
    distributor = Distributor(
        hub, work, frames, dispatcher, packets_budget=spec.shares.link, window=window, alone=not spec.control
    )
    tally.budget = spec.shares.store + 2 * spec.shares.link
    tally.held = lambda: distributor.held + inlet.held
    tally.redispatched, tally.credit = lambda: dispatcher.redispatched, lambda: frames.credit.left
    tally.lag = lambda: dispatcher.lag_s
    control.on_lost = lambda note: work.lose(note.name, note.incarnation)
    control.ready()
    source: Iterable[StreamInfo | Packet | Frame] = inlet
    if live:
        source = continued(until_told(inlet, control), by_arrival=spec.job.decode.clock == "arrival")
    try:
        for message in tally.timed(segment(tally.source(source), spec.job.prompts, spec.job.segment)):
            distributor.put(message)
            if isinstance(message, MaskedFrame):
                tally.frames_out += 1
                tally.resets = message.shot
    except StageError as error:  # no mask, no picture: the stream ends with the last frame that has one
        inlet.abandon()
        control.failed(error)
    distributor.end()


def run_inpaint(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Fill chunk after chunk, as the dispatcher gives them."""
    from deploy.warm import warm_up
    from deploy.work import WorkInlet
    from stages.inpaint.adapt import adaptive
    from stages.inpaint.engines import find_engine
    from stages.inpaint.inpaint import inpaint

    assert spec.shares is not None
    engine, options = spec.job.engine, spec.job.inpaint
    kind = adaptive(engine, options, tally.fills_at) if spec.job.live else find_engine(engine, options)
    warm_up(find_engine(engine, replace(options, foresight="")))  # what was found is of the video
    if spec.job.live and os.getpriority(os.PRIO_PROCESS, 0) < YIELDS:
        os.setpriority(os.PRIO_PROCESS, 0, YIELDS)
    inlet = WorkInlet(hub, hub.connect(spec.work), budget=spec.shares.work)
    outlet = Outlet(hub, hub.connect(spec.to))
    tally.budget, tally.held, tally.credit = spec.shares.work, lambda: inlet.held, lambda: outlet.credit.left
    control.on_drain = inlet.leave
    control.ready()
    for chunk, frames in inlet.chunks():
        for clean in tally.timed(inpaint(tally.source(frames), kind)):
            outlet.send(clean.patch, chunk=chunk)
            tally.frames_out += 1
            tally.filled += not clean.patch.mask.empty


def run_encode(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Join pictures and patches, and write them."""
    from deploy.live import paced
    from deploy.merge import Merge
    from deploy.outputs import opened, send, shown
    from stages.encode.encode import encode

    assert spec.shares is not None
    endpoint = hub.bind(spec.listen, accepts=["segment", "inpaint"])
    shares, job, live = spec.shares, spec.job, spec.job.live
    merge = Merge(hub, endpoint, frames_budget=shares.link, patch_budget=shares.patches)
    tally.budget = spec.shares.link + spec.job.replicas * spec.shares.patches
    tally.held, tally.duplicates, tally.early = lambda: merge.held, lambda: merge.duplicates, lambda: merge.early
    control.ready()
    messages: Iterable[StreamInfo | Packet | CleanFrame] = paced(merge, live, tally) if live else tally.source(merge)
    with shown(tally.given(messages), job.preview) as messages:
        outputs = opened(job)
        steps = send(messages, outputs, job) if outputs else encode(messages, job.target, job.encode)
        for written in tally.timed(steps):
            tally.written = tally.frames_out = written.frames
            tally.durable, tally.filled = written.durable, merge.filled
            tally.signs.outputs = tuple(output.state for output in outputs)


def run_survey(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Do the first of two passes."""
    from deploy.passes import first_pass

    logging.getLogger("stages").setLevel(logging.ERROR)  # the second pass warns of the same
    steps = first_pass(spec.job)
    control.ready(next(steps))  # type: ignore[arg-type]
    for frames in tally.timed(steps):
        if hub.stop is not None:
            raise hub.stop
        tally.frames_in = tally.frames_out = int(frames)  # type: ignore[arg-type]


def run_track(spec: Spec, hub: Hub, tally: Tally, control: Control | Alone) -> None:
    """Write the masks alone."""
    from deploy.track import track

    def found() -> None:
        tally.filled += 1

    steps = track(spec.job, found)
    control.ready(next(steps))  # type: ignore[arg-type]
    for written in tally.timed(steps):
        if hub.stop is not None:
            raise hub.stop
        assert isinstance(written, Written)
        tally.frames_in = tally.frames_out = tally.written = written.frames
        tally.durable = written.durable


RUN: Final = {
    "decode": run_decode,
    "segment": run_segment,
    "inpaint": run_inpaint,
    "encode": run_encode,
    "survey": run_survey,
    "track": run_track,
}


def run(spec: Spec) -> int:
    """Run one stage to its end and return the exit code."""
    if spec.parent and not die_with(spec.parent):
        return exit_code(TransportError())
    tally = Tally(spec)
    with serving(spec.metrics, tally.pages()):
        while (code := _run_once(spec, tally)) is None:
            log.warning("%s was taken for lost, and begins anew", spec.name)
    return code


def _run_once(spec: Spec, tally: Tally) -> int | None:
    """Run one stage in one incarnation; None where it is to begin anew in another."""
    with (
        Hub(role=spec.stage, name=spec.name, token=spec.token, deadlines=spec.deadlines) as hub,
        _line(spec, hub, tally) as control,
    ):
        _observe(hub, control, tally)
        _heed_signals(spec, hub, control)
        try:
            RUN[spec.stage](spec, hub, tally, control)
            control.report()
            return control.code
        except Stopped:
            hub.stop = None
            quietly(control.report)
            return TERMINATED
        except Exception as error:
            log.debug("%s stops", spec.name, exc_info=True)
            hub.stop = None
            if isinstance(error, Forgotten) and _may_begin_anew(spec, control):
                return None
            quietly(partial(control.failed, error))
            return exit_code(error)


def _may_begin_anew(spec: Spec, control: Control | Alone) -> bool:
    """Tell whether nothing is lost with this process's work, and nobody else sees to a new one."""
    return spec.stage == "inpaint" and not spec.control and not control.draining


@contextmanager
def _line(spec: Spec, hub: Hub, tally: Tally) -> Iterator[Control | Alone]:
    """Give the line to the supervisor, if there is one, and send the log over it."""
    if not spec.control:
        yield Alone(hub, tally.progress)
        return
    control = Control(hub, spec.control, tally.progress, spec.parent)
    logging.getLogger().addHandler(control)
    try:
        yield control
    finally:
        logging.getLogger().removeHandler(control)


def _observe(hub: Hub, control: Control | Alone, tally: Tally) -> None:
    """Let the tally know that the process turns, when it is ready, and how long items wait."""
    tend = hub.on_tend

    def turn() -> None:
        tally.pulse.turned()
        tend()

    hub.on_tend, hub.on_taken, control.on_ready = turn, tally.waited, tally.pulse.ready


def _heed_signals(spec: Spec, hub: Hub, control: Control | Alone) -> None:
    """SIGTERM ends every wait, and so the stage; one on its own that can drain does so first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor drains on it
    signal.signal(signal.SIGTERM, lambda *_: hub.halt("told to stop"))
    if not spec.control:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: _drain(spec, hub, control))


def _drain(spec: Spec, hub: Hub, control: Control | Alone) -> None:
    """End what can be ended: decode its stream, a replica its chunk; the second time, and all others, at once."""
    if spec.stage in ("decode", "inpaint") and not control.draining:
        control.draining = True
    else:
        hub.halt("told to stop")


def main() -> int:
    """Read the Spec from the pipe that start_worker opened, and run it."""
    wish = os.environ.get("CLEANPLATE_LOG", "")
    logging.basicConfig(level=wish or "WARNING", format="%(name)s: %(message)s")
    logging.getLogger().handlers[0].setLevel(wish or "ERROR")  # the supervisor says the warnings, in its display
    try:
        with open(int(sys.argv[2]), "rb") as pipe:
            spec = codec.loads(Spec, pipe.read())
        return run(spec)
    except TransportError as error:
        log.error("%s", sentence(error))
        return exit_code(error)


if __name__ == "__main__":
    sys.exit(main())
