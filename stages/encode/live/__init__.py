"""Clean frames of a live stream in, encoded once, out to servers and folders that do not wait for each other."""
