"""Checkpoints by name: where from, under which licence, with which hash. The default engine needs none."""
