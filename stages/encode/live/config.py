"""What a user can choose about a live output."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """How the stream is encoded, once for all outputs."""

    codec: str = "h264"  # h264, hevc, nvenc (H.264) or hevc_nvenc
    crf: int = 23  # quality in the codec's own scale, lower is better
    preset: str | None = None  # speed, by the codec's own names; None: what EncodeConfig has
    most_bits: int = 0  # a second, and a second's worth of them at once; 0: as many as the quality takes
    gop_s: float = 2.0  # from keyframe to keyframe: what a new viewer waits at most


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderConfig:
    """How much the outputs in folders keep."""

    segment_s: float = 2.0  # of HLS, about: it ends at a keyframe
    segments: int = 6  # that the playlist names
    spare: int = 4  # kept longer, for a player with an old playlist
    file_s: float = 3600.0  # of a recording
    suffix: str = ".mp4"  # of a recording: .mp4, .mkv, or .mov, which holds G.711 too, as many cameras send it
    most_bytes: int = 0  # of all recordings in the folder, the oldest is deleted; 0: no bound
    most_age_s: float = 0.0  # of a recording; 0: no bound
