"""How much may be in flight on a link, in bytes: two counters, one at each end.

The receiver grants bytes; the sender spends them and never sends without. What the receiver has consumed it grants
again. So what lies between two stages is bounded by the grant, whatever their speeds.
"""

from transport.errors import TooLarge, WireError


class Credit:
    """The sender's end: bytes that may still be sent."""

    def __init__(self) -> None:
        self.granted = 0  # the whole of it, as the receiver first stated it
        self.left = 0

    def grant(self, amount: int) -> None:
        """Add bytes; the first grant states the whole. WireError if a peer would take some back."""
        if amount < 0:
            raise WireError(f"a grant of {amount} bytes, at least 0 expected")
        self.granted = self.granted or amount
        self.left += amount

    def covers(self, amount: int) -> bool:
        """Tell whether a message may be sent now; TooLarge if it never can be."""
        if self.granted and amount > self.granted:
            raise TooLarge(f"a message of {amount} bytes on a link that holds {self.granted}")
        return amount <= self.left

    def spend(self, amount: int) -> None:
        """Take the bytes of a message that is being sent."""
        if amount > self.left:
            raise ValueError(f"{amount} bytes sent on a credit of {self.left}")
        self.left -= amount


class Allowance:
    """The receiver's end: bytes granted, arrived, and consumed but not granted again yet."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.held = 0  # arrived, not consumed
        self._owed = 0  # consumed, not granted again

    def arrived(self, amount: int) -> bool:
        """Count a message in; False if the sender had no credit for it."""
        self.held += amount
        return self.held + self._owed <= self.budget

    def consumed(self, amount: int) -> None:
        """Count a message as done with."""
        self.held -= amount
        self._owed += amount

    def due(self) -> int:
        """Return the bytes to grant again now: everything consumed, once it is worth a message."""
        if self._owed * 8 < self.budget and self.held:
            return 0
        owed, self._owed = self._owed, 0
        return owed
