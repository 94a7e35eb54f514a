"""What a user can choose about the output."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeConfig:
    """How the output is to be made; None and "auto" mean: as near to the source as the target can hold."""

    codec: str = "auto"  # auto, a friendly name (h264, hevc, av1, vp9, ffv1, prores, nvenc) or FFmpeg's encoder name
    crf: int | None = None  # quality in the codec's own scale, lower is better; None: visually lossless
    preset: str | None = None  # speed, by the codec's own names
    force: bool = False  # overwrite an existing target
