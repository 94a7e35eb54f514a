"""How much each cue and each look counts: logistic and linear regressions on every second of 30 DAVIS clips.

`python -m tests.bench.point --step 20 --most 3 --fit` draws them from the footage. Every picture has a constant of
its own in the logistic ones, so that they tell objects from surroundings within a box, not thin objects from such that
fill it. The order is that of `Evidence.first`, `Evidence.again`, `outlines.looks` and `meant.all_looks`.
"""

FIRST = (-3.6, -0.21, -1.35, -0.01, -0.32, -0.16, -0.44, 1.11, 0.66, 0.24, 0.38, 0.21, 0.22, 0.51, 1.87, 0.44, 0.57)
AGAIN = (
    (-1.75, -0.06, -0.53, 0.18, -0.43, -0.15, -0.28, 0.98, 0.32, 0.25, 0.18, 0.12, 0.13, 0.67, 1.51, 0.51, 0.29),
    (-1.7, -0.0, -0.48, 0.11, -0.33, -0.19, -0.3, 0.92, 0.28, 0.21, 0.17, 0.09, 0.18, 0.66, 1.3, 0.52, 0.35),
)
LOOKS = (
    -0.011,
    0.017,
    0.076,
    0.645,
    -0.068,
    0.149,
    0.234,
    -0.126,
    -0.063,
    -0.119,
    0.035,
    0.874,
    -0.041,
    -0.04,
    -0.867,
    0.133,
)
MEANT = (
    0.0,
    -0.285,
    0.173,
    0.013,
    0.046,
    0.217,
    -0.018,
    -0.089,
    -0.133,
    0.097,
    0.102,
    0.432,
    -0.039,
    0.043,
    -0.027,
    0.595,
    -0.024,
    -0.008,
    -0.006,
    -0.002,
    -0.068,
)
