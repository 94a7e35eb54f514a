"""How messages travel between stages: bytes, credit and order, and nothing of what a picture means."""
