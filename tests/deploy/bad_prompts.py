"""Everything that can be wrong with what was pointed at and how it is to be found, and what must be said of it."""

import cv2
import numpy as np

from tests.deploy.bad_things import MODEL, OPTION, PROMPT, REMOVE, RUN, Case


def black(name):
    """Return what writes a mask of nothing."""
    return lambda folder: cv2.imwrite(str(folder / name), np.zeros((48, 64), np.uint8))


PROMPT_CASES = {
    "a point outside": Case(f"{REMOVE} --point 64,10", PROMPT, r"point 64,10 lies outside the picture, which is 64x48"),
    "a point outside, in processes": Case(f"{RUN} --point 9,48", PROMPT, r"outside the picture.*; nothing was written"),
    "a point of one number": Case(f"{RUN} --point 7", PROMPT, r"point '7' has 1 number, two are needed: x,y"),
    "a point of words": Case(f"{RUN} --point here,there", PROMPT, r"has 'here' where a number"),
    "a background point alone": Case(f"{REMOVE} --not-point 5,5", PROMPT, r"point 5,5 is of the background alone"),
    "a minus before a point alone": Case(f"{REMOVE} --point -5,5", PROMPT, r"point -5,5 is of the background alone"),
    "a time that is none": Case(f"{RUN} --box 1,1,5,5@soon", PROMPT, r"is meant for 'soon', which is no time; 12\.5,"),
    "a time long past the end": Case(
        f"{RUN} --box 1,1,5,5@90", PROMPT, r"meant for 90 s, the video ends after 0\.5 s, 13 frames; nothing was"
    ),
    "a first mask that is not there": Case(f"{RUN} --mask gone.png@0.2", PROMPT, r"there is no mask gone\.png:"),
    "a first mask of nothing": Case(f"{REMOVE} --mask a.png", PROMPT, r"mask a\.png is dark all over", black("a.png")),
    "a mask with a name that no system takes": Case(
        f"{RUN} --mask {'a' * 300}.png", PROMPT, r"there is no mask aaa.*png: a PNG, a folder"
    ),
    "a time for all masks": Case(f"{RUN} --mask masks/@3", PROMPT, r"a mask for every frame, which has neither"),
    "two masks for every frame": Case(f"{RUN} --mask a/ --mask b/", PROMPT, r"both hold every frame's, one can be"),
    "a region that is not there": Case(f"{RUN} --region gone.png", PROMPT, r"there is no mask gone\.png"),
    "kept outside": Case(f"{REMOVE} --region 1,1,5,5 --keep 70,0,5,5", PROMPT, r"keep 70,0,5,5 lies outside"),
    "only something to keep": Case(f"{RUN} --keep 0,0,5,5", PROMPT, r"nothing was pointed at"),
    "a class that nobody knows": Case(f"{RUN} --target unicorn", PROMPT, r"unicorn.*known.*person.*car"),
    "a segmenter that nobody knows": Case(
        f"{RUN} --box 1,1,9,9 --segmenter magic", OPTION, r"no segmenter 'magic'; the known ones are grabcut, sam"
    ),
    "a tracker that nobody knows": Case(
        f"{RUN} --box 1,1,9,9 --tracker magic", OPTION, r"no tracker 'magic'; the known ones are propagate"
    ),
    "a detector that nobody knows": Case(f"{RUN} --target person --detector magic", OPTION, r"no detector 'magic'"),
    "a policy that nobody knows": Case(f"{RUN} --box 1,1,9,9 --lost cry", OPTION, r"hold, blur, stop can"),
    "an effect that nobody knows": Case(f"{RUN} --box 1,1,9,9 --effects aura", OPTION, r"--effects aura .*shadow can"),
    "no frame between detections": Case(f"{RUN} --target person --every 0", OPTION, r"every is 0, it must be from 1"),
    "no sighting to confirm": Case(f"{RUN} --target person --confirm 0", OPTION, r"confirm is 0, it must be from 1"),
    "a checkpoint that is nowhere": Case(
        f"{RUN} --box 1,1,9,9 --tracker siammask --weights .", MODEL, r"checkpoint siammask_davis is absent: .*without"
    ),
    "a folder of weights that is none": Case(
        f"{RUN} --box 1,1,9,9 --weights gone/", OPTION, r"--weights gone/ is no folder; checkpoints are looked for in"
    ),
    "a checkpoint that is cut short": Case(
        f"{RUN} --box 1,1,9,9 --segmenter sam_vit_b --weights .",
        MODEL,
        r"sam_vit_b_01ec64\.pth has 9 bytes, sam_vit_b has 375042383: it is cut short or another file",
        lambda folder: (folder / "sam_vit_b_01ec64.pth").write_bytes(b"truncated"),
    ),
}
