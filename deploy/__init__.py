"""Stages made into processes: the only place where stages and transport meet."""

import os

# Threads of OpenMP that have nothing to do are to sleep. They spin otherwise, which among several processes on the same
# cores made torch eight times slower (three replicas of VINet on two cores); libgomp reads this when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
