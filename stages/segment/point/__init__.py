"""What was pointed at in a frame in, the outline of the object out; `segmenter.py` is what every way of it keeps to."""
