"""AOT: objects in remembered frames in, the same objects in the next frame out; up to ten in one pass.

Z. Yang, Y. Wei and Y. Yang, Associating objects with transformers for video object segmentation, NeurIPS 2021.
Attributes are named as in the checkpoints of yoxu515/aot-benchmark. `net` is the
network, which remembers nothing from call to call; `memory` and `group` are what is kept between frames.
"""
