"""An object in one frame in, where it is in the frames after that out; `tracker.py` is what every way keeps to."""
