"""The default tracker: a mask carried along by dense motion and decided anew around its contour, without weights.

follower.py   one object: follow, doubt, lose, find again
scope.py      the part of the picture that is looked at, and how finely
flow.py       dense motion there and back
rivals.py     what was the object or not nearby before, and explains a pixel better
apart.py      what moves as the object does and not as the camera
decide.py     all of it put together, and cut
maxflow.py    the cheapest cut of a grid
shape.py      depth inside an outline; what belongs to a body
trust.py      how much of it is to be believed
"""

from stages.segment.track.propagate.follower import MaskFollower

__all__ = ["MaskFollower"]
