"""CleanFrames and Packets in, a file or a folder of images out. The only writer of video."""
