"""How much each cue and each look counts: logistic and linear regressions on every second of 30 DAVIS clips.

`python -m tests.bench.point --fit` draws them from the footage. Every picture has a constant of its own in
the logistic ones, so that they tell objects from surroundings within a box, not thin objects from such that fill it.
"""

FIRST = (-3.58, -0.36, -1.38, -0.03, -0.28, -0.22, -0.45, 0.99, 0.69, 0.26, 0.4, 0.22, 0.06, 0.56, 1.9, 0.35, 0.66)
AGAIN = (
    (-1.7, -0.1, -0.41, 0.22, -0.32, -0.19, -0.21, 0.73, 0.33, 0.24, 0.21, 0.06, 0.15, 0.91, 1.46, 0.3, 0.26),
    (-1.57, -0.16, -0.44, 0.12, -0.3, -0.21, -0.26, 0.74, 0.29, 0.2, 0.19, 0.08, 0.19, 0.8, 1.19, 0.37, 0.27),
)
LOOKS = (
    -0.011,
    0.019,
    0.092,
    0.42,
    0.024,
    0.199,
    0.225,
    -0.077,
    -0.1,
    -0.162,
    0.032,
    0.911,
    -0.019,
    -0.05,
    -0.62,
    0.053,
)
MEANT = (
    0.000,
    -0.299,
    0.206,
    -0.029,
    0.022,
    0.196,
    -0.029,
    -0.077,
    -0.492,
    0.030,
    0.101,
    0.484,
    -0.051,
    0.036,
    0.002,
    0.440,
    -0.020,
    -0.007,
    -0.003,
    -0.001,
    -0.072,
)
