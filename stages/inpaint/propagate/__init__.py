"""The default engine: shows what other frames show, and invents the rest once.

kind       what the scheduler must know of it, without starting it
sizes      how small a view is, how many frames are held
engine     the order of everything, and the state between two frames
view       a picture made small: there motion is measured and colours are weighed
motion     how the picture moves from frame to frame, also behind the object: camera, flow, rim
follow     where each small pixel of the hole is to be seen, as pointers into plates: ahead, or carried from behind
doubt      how well a pointer's frame fits the band around the hole, and how much darker it is
fuse       --fill faithful: candidates weighed by their expected error, doubt fading into smoothness
choose     --fill sharp: the surer candidate, and where there is none, invent (patchmatch), carried along
seam       no edge where sources meet
detail     the same at full size and depth, sampled once from the original frames

Two passes: survey writes down where pixels go and what each frame newly shows, sweep carries it through the video from
both ends, foresight offers it to the engine; records and crop are how it lies on disk.

compiled, harmonic, sample and images are what the others are made of.
"""
