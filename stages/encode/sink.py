"""Where a muxer's bytes go: straight to the operating system, which keeps them when the process is killed.

A sink never raises into the muxer. Its first error is remembered and every later byte is swallowed, so that closing a
container on a full disk neither spoils what is in the file already nor raises a second time.
"""

import contextlib
import os
from pathlib import Path

from stages.errors import SinkError


class PipeSink:
    """What PyAV needs of a file object, for a place that can only be appended to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.error: OSError | None = None
        self.taken = 0  # bytes that the operating system has been given

    def write(self, data: bytes) -> int:
        """Write all of it, or remember why not."""
        left = memoryview(data)
        while len(left) and self.error is None:
            try:
                count = os.write(self._descriptor, left)
            except OSError as error:
                self.error = error
            else:
                left = left[count:]
                self.taken += count
        return len(data)

    def keep(self) -> None:
        """Note that what has been written so far is whole."""

    def cut(self) -> None:
        """Take away the torn end that a failed write left behind what is whole."""

    def release(self) -> None:
        """Let go of the place; stdout stays open, it belongs to the process."""


class FileSink(PipeSink):
    """The same for a new file, which can be sought in."""

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError as error:
            raise SinkError(f"{path} already exists; --force overwrites it") from error
        except OSError as error:
            raise SinkError(f"{path} cannot be written: {error.strerror}") from error
        self._whole = 0  # bytes

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; after an error it does not matter where."""
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        """Return the place where the next byte goes."""
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def keep(self) -> None:
        """Note that what has been written so far is whole."""
        self._whole = os.fstat(self._descriptor).st_size

    def cut(self) -> None:
        """Take away the torn end that a failed write left behind what is whole."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, self._whole)

    def release(self) -> None:
        """Close the file; once more does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
