"""VINet: the pictures around a hole in, what is in the hole out; and what it said last is looked at again.

D. Kim, S. Woo, J.-Y. Lee and I. S. Kweon, Deep video inpainting, CVPR 2019. Names and shapes of the weights are those
of save_agg_rec_512.pth (mcahny/Deep-Video-Inpainting) and of its sister for 256.
"""
