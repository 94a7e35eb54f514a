"""Frames in, MaskedFrames out: the prompt made into one mask a frame."""
