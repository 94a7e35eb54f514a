"""What a live stream is sent to: a job in, its outputs and its preview out. One encoding serves all outputs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from deploy.config import Job
from stages.encode.codecs import AUTO
from stages.encode.config import EncodeConfig
from stages.encode.live.coder import check_codec
from stages.encode.live.config import LiveConfig
from stages.encode.live.output import Output
from stages.encode.live.targets import is_live, is_recording, open_outputs
from stages.errors import OptionError
from transport.messages import CleanFrame, Packet, StreamInfo, Written

CLEAN, MASKED = "encode", "segment"  # the stages whose pictures can be looked at


def is_sent(job: Job) -> bool:
    """Tell whether a job's output is a live one: servers, HLS, recordings; else it is a file."""
    return job.live is not None and (is_live(job.target) or bool(job.also))


def check_sent(job: Job) -> None:
    """Raise OptionError or SinkError for live outputs that cannot work."""
    check_codec(_coding(job.encode))
    opened(job)


def check_kept(job: Job) -> None:
    """Raise OptionError for bounds of recordings where nothing is recorded."""
    if (job.folders.most_bytes or job.folders.most_age_s) and not any(map(is_recording, (job.target, *job.also))):
        raise OptionError("--keep-recordings says how much of record:FOLDER is kept, and no output is one")


def opened(job: Job) -> tuple[Output, ...]:
    """Return the live outputs of a job, in the order of its targets; none for a job that writes a file."""
    from deploy.push import Push

    return open_outputs((job.target, *job.also), job.folders, Push) if is_sent(job) else ()


def send(
    messages: Iterable[StreamInfo | Packet | CleanFrame], outputs: Sequence[Output], job: Job
) -> Iterator[Written]:
    """Encode a stream once and bring it to all outputs of its job; yield how far it is after every frame."""
    from stages.encode.live.broadcast import broadcast

    return broadcast(messages, outputs, _coding(job.encode))


def _coding(encode: EncodeConfig) -> LiveConfig:
    codec = "h264" if encode.codec == AUTO else encode.codec
    usual = LiveConfig()
    return LiveConfig(codec=codec, crf=usual.crf if encode.crf is None else encode.crf, preset=encode.preset)


@contextmanager
def shown(
    messages: Iterable[StreamInfo | Packet | CleanFrame], address: str
) -> Iterator[Iterable[StreamInfo | Packet | CleanFrame]]:
    """Give the same messages, their pictures to be looked at over HTTP at host:port; nothing is served without one."""
    if not address:
        yield messages
        return
    from deploy.preview import Preview, clean_picture, masked_picture

    preview = Preview((CLEAN, MASKED))
    preview.serve(address)

    def offered() -> Iterator[StreamInfo | Packet | CleanFrame]:
        for message in messages:
            if isinstance(message, CleanFrame):
                preview.offer(CLEAN, partial(clean_picture, message))
                preview.offer(MASKED, partial(masked_picture, message.frame, message.patch.mask))
            yield message

    try:
        yield offered()
    finally:
        preview.close()
