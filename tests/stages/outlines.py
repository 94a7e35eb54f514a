"""What the tests of outlines share: the size of their pictures, and a disc in one."""

import cv2
import numpy as np

from transport.messages import PictureFormat

WIDTH, HEIGHT = 160, 120


def picture(pixel_format="yuv444p", width=WIDTH, height=HEIGHT):
    """Return a picture's format, of the size that all have here unless another is given."""
    return PictureFormat(width=width, height=height, pixel_format=pixel_format)


def disc(x, y, radius):
    """Return the mask, 255 inside, of a disc about x, y."""
    return cv2.circle(np.zeros((HEIGHT, WIDTH), np.uint8), (x, y), radius, 255, cv2.FILLED)
