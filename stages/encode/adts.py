"""AAC whose every packet has a header of its own (ADTS, as in AVI and MPEG-TS), for containers that have one for all.

ISO/IEC 14496-3, 1.6.2.1 (AudioSpecificConfig) and 1.A.2.2 (ADTS).
"""

from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.stream import Stream

_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_LOW_COMPLEXITY = 2  # the object type that all of ADTS's makers write
_MOST_CHANNELS = 6  # more have another number than their count
_SHORT, _LONG = 7, 9  # bytes of a header without and with a checksum


def describe(stream: Stream, template: Stream) -> None:
    """Give a stream the one description of its AAC that the stream it is made from lacks."""
    known = template.codec_context
    if not (isinstance(stream, AudioStream) and isinstance(known, AudioCodecContext)):
        return
    channels, headed = known.layout.nb_channels, known.codec.canonical_name == "aac" and not known.extradata
    if headed and known.sample_rate in _RATES and 0 < channels <= _MOST_CHANNELS:
        word = _LOW_COMPLEXITY << 11 | _RATES.index(known.sample_rate) << 7 | channels << 3
        stream.codec_context.extradata = word.to_bytes(2, "big")


def bare(data: bytes, stream: Stream) -> bytes:
    """Return a packet without the header that its stream's description makes superfluous, if it has one."""
    described = isinstance(stream, AudioStream) and stream.codec_context.extradata
    if not described or len(data) < _SHORT or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return data
    length = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
    return data[_SHORT if data[1] & 1 else _LONG :] if length == len(data) else data
