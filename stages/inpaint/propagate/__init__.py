"""The default engine: shows what other frames show, and invents the rest once.

motion   how the picture moves from one frame to the next, also behind the object
follow   where each hidden pixel is to be seen: ahead in the window, or behind by a pointer that is carried along
ring     the frames that pointers point into
fuse     which of the two is shown, and how bright
invent   what no frame shows
engine   the order of all this, and the state between two frames
"""
