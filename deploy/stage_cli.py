"""`cleanplate stage ...`: one stage by itself, for containers and clusters.

The addresses are the user's (tcp between machines, ipc within one), and so is the secret that lets the stages trust
each other, the same for all: the environment variable CLEANPLATE_TOKEN, or the file that CLEANPLATE_TOKEN_FILE names.
"""

import argparse
import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.options import add_job_options, job_of

if TYPE_CHECKING:
    from deploy.budget import Shares
    from deploy.config import Job

EPILOG = """a run over four terminals or machines, CLEANPLATE_TOKEN being the same in all:
  cleanplate stage encode  out.mkv --listen tcp://127.0.0.1:5003
  cleanplate stage segment --listen tcp://127.0.0.1:5001 --work tcp://127.0.0.1:5002 --to tcp://127.0.0.1:5003 \\
                           --box 412,96,60,200
  cleanplate stage inpaint --work tcp://127.0.0.1:5002 --to tcp://127.0.0.1:5003 --name inpaint-0
  cleanplate stage decode  in.mp4 --to tcp://127.0.0.1:5001"""


def add_stage(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the four stages, each with the addresses that the flow gives it."""
    from deploy.pipeline import FLOW

    stage = commands.add_parser(
        "stage",
        help="one stage by itself, for containers and clusters",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = stage.add_subparsers(required=True, metavar="STAGE")
    for row in FLOW:
        parser = stages.add_parser(row.name)
        if row.name == "decode":
            parser.add_argument("source")
        if row.name == "encode":
            parser.add_argument("target")
        if row.listen:
            parser.add_argument("--listen", required=True, metavar="ADDRESS", help="where the stage before it connects")
        if row.work:
            verb = "where replicas come for work" if row.listen else "where segment gives out work"
            parser.add_argument("--work", required=True, metavar="ADDRESS", help=verb)
        if row.to:
            parser.add_argument("--to", required=True, metavar="ADDRESS", help="where the output goes")
        name = f"{row.name}-{socket.gethostname()}-{os.getpid()}" if row.replicated else row.name
        parser.add_argument("--name", default=name, help="unlike that of every other process (%(default)s)")
        parser.add_argument("--stream", default="", metavar="NAME", help="in the metrics, the same for all stages")
        add_job_options(parser)
        parser.set_defaults(run=_stage, stage=row.name, source="-", target="-", listen="", work="", to="")


def _stage(arguments: argparse.Namespace) -> int:
    from deploy.config import Spec
    from deploy.worker import run

    job = job_of(arguments)
    _check(arguments, job)
    spec = Spec(
        stage=arguments.stage,
        name=arguments.name,
        job=job,
        shares=_shares(job),
        token=_token(),
        control="",
        listen=arguments.listen,
        work=arguments.work,
        to=arguments.to,
        metrics=job.metrics,
        parent=0,
        stream=arguments.stream,
    )
    with log_on_stderr():
        return run(spec)


def _token() -> str:
    """Return the secret of the run: no argument, as those are seen by everybody on the machine."""
    from deploy.logins import secret
    from stages.errors import OptionError

    token = secret("CLEANPLATE_TOKEN")
    if len(token) < 16:
        raise OptionError("CLEANPLATE_TOKEN must hold the secret of the run, 16 characters or more, the same for all")
    return token


def _check(arguments: argparse.Namespace, job: "Job") -> None:
    """Raise for everything about one stage that can be known to be wrong before it starts."""
    from deploy.addresses import check_connect, check_listen, check_metrics
    from deploy.budget import check_counts
    from deploy.outputs import check_kept, check_sent, is_sent
    from deploy.run import check_prompts
    from stages.encode.targets import check_target
    from stages.errors import OptionError

    check_counts(job.replicas, job.chunk)
    if job.passes != 1:
        raise OptionError(f"--passes {job.passes} cannot be used for a single stage, only with `remove`")
    if arguments.stage == "segment":
        check_prompts(job.prompts)
    if arguments.stage == "encode":
        check_kept(job)
        if is_sent(job):
            check_sent(job)
        else:
            check_target(job.target, job.encode, "-")
    for option in ("listen", "work"):
        if address := getattr(arguments, option):
            (check_listen if arguments.listen else check_connect)(option, address)
    if arguments.to:
        check_connect("to", arguments.to)
    check_metrics(job.metrics, 1)


@contextmanager
def log_on_stderr() -> Iterator[None]:
    """Say what a stage has to say, and why it fails, as the other commands do."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("cleanplate: %(message)s"))
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _shares(job: "Job") -> "Shares":
    """Split one stage's own --memory; without a supervisor nobody knows the size of the pictures yet."""
    from deploy.budget import LONGEST, Shares
    from stages.inpaint.engines import find_engine

    reach, quarter = find_engine(job.engine, job.inpaint).reach, job.memory // 4
    return Shares(
        chunk=job.chunk or LONGEST,
        lead_in=reach.lead_in,
        look_ahead=reach.look_ahead,
        link=quarter,
        work=quarter,
        patches=quarter // job.replicas,
        store=job.memory - quarter,
    )
