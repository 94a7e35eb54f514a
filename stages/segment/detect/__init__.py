"""One frame in, all objects of a class in it out; `detector.py` is what every way of it keeps to."""
