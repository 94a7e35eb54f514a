"""What the user asked for, and what one process is told: frozen records, declared once."""

from dataclasses import dataclass, field, replace

from deploy.budget import Shares
from deploy.policy import LivePolicy
from stages.decode.config import DecodeConfig
from stages.encode.config import EncodeConfig
from stages.encode.live.config import FolderConfig
from stages.inpaint.engine import DEFAULTS, EngineOptions
from stages.segment.config import SegmentConfig
from stages.segment.prompts import Prompts
from transport.deadlines import Deadlines


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of `cleanplate remove`."""

    source: str
    target: str
    prompts: Prompts = field(default_factory=Prompts)
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    segment: SegmentConfig = field(default_factory=SegmentConfig)
    encode: EncodeConfig = field(default_factory=EncodeConfig)
    engine: str = "propagate"
    inpaint: EngineOptions = DEFAULTS
    live: LivePolicy | None = None  # of a camera; None: everything is waited for, as for a file
    also: tuple[str, ...] = ()  # further targets of a live stream
    folders: FolderConfig = field(default_factory=FolderConfig)  # how much HLS and recordings keep
    preview: str = ""  # host:port at which its pictures can be looked at; empty: nowhere
    passes: int = 1  # over the source
    track_only: bool = False  # write the masks into the target, instead of a clean video
    overlay: str = ""  # where a preview of the masks is written beside them
    replicas: int = 1
    devices: tuple[str, ...] = ()  # where the replicas' networks run, in turn; empty: all where `inpaint` says
    chunk: int = 0  # frames; 0 follows from the budget
    memory: int = 1 << 30  # bytes, over all processes, beside what the programs themselves and the codecs take
    metrics: str = ""  # host:port of the first worker's /metrics, empty for none

    def of_replica(self, index: int) -> "Job":
        """Return the job as a replica is told it: with the device that it is to use."""
        if not self.devices:
            return self
        return replace(self, inpaint=replace(self.inpaint, device=self.devices[index % len(self.devices)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One worker process; handed to it through a pipe."""

    stage: str  # decode, segment, inpaint, encode
    name: str  # inpaint-0
    job: Job
    shares: Shares | None  # None for decode, which starts before the picture's size is known
    token: str  # the secret of this run
    control: str  # the supervisor's address; empty without one
    listen: str  # where it binds for the stage before it
    work: str  # segment: where replicas come for work; inpaint: where to go for it
    to: str  # where its output goes
    metrics: str  # host:port to serve /metrics at, empty for none
    parent: int  # pid to die with, 0 for none
    stream: str = ""  # what its metrics call the stream; empty: as the source
    deadlines: Deadlines = field(default_factory=Deadlines)
