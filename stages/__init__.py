"""What happens to a video: read decode, then segment, inpaint, encode."""
