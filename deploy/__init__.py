"""Stages made into processes: the only place where stages and transport meet."""
