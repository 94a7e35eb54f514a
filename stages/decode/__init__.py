"""A file, a folder of images or a pipe in; StreamInfo, Frames and Packets out. The only reader of video."""
