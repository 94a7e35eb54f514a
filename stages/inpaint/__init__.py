"""MaskedFrames in, CleanFrames out: the window, and the engines that fill from it."""
