"""Frames in, everything that moves before the scene out, as one spot.

moving.py    the whole: what is looked at, decided and learned in every frame
sight.py     the picture laid on the plate: the camera's place and exposure, and whether either is to be believed
camera.py    how a picture lies on the plate: a shake, a pan, a zoom
exposure.py  how much brighter a picture is than the plate
plate.py     what the scene looks like where nothing moves, how far that varies, and what may become part of it
loops.py     the plate's two loops over all pixels, compiled
blobs.py     differences made into whole things: hysteresis, holes, specks, ghosts
"""

from stages.segment.detect.moving.moving import Moving as Moving
