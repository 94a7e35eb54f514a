"""The engine `sttn`: what a transformer that was trained on video makes of a hole and of what other frames show.

kind.py    how it looks to the scheduler; needs no torch
stretch.py which frames are made in a pass, and which others are looked at for them
region.py  which part of the picture the network is shown, and how large
engine.py  the state: the frames that it looks into, and those that it has made beforehand
model.py   the network with its weights, where and how exactly it runs
"""
