"""Everything that can go wrong between two stages.

TransportError
  WireError      bytes that are no message: foreign, hostile, truncated, too long
    VersionError   a peer that speaks another version of the protocol
  StreamGap      a frame that never came
  Silence        a peer that neither sends nor answers within the deadline
  Refused        a peer that the handshake turned away
    Forgotten      a peer that was welcome, and was taken for lost since
  AddressError   an address that cannot be bound or connected
  TooLarge       a message that no credit will ever cover
  Stopped        the waiting was ended from outside, because the stage is to stop
"""


class TransportError(Exception):
    """One sentence: what was wrong, what was found, what would be right."""


class WireError(TransportError):
    """Bytes that are no message."""


class VersionError(WireError):
    """A message of another version of the protocol."""

    def __init__(self, found: object, expected: int) -> None:
        super().__init__(f"the peer speaks protocol version {found!r:.40}, this side speaks {expected}")


class StreamGap(TransportError):
    """The stream ended, or the buffer filled up, before a frame arrived."""

    def __init__(self, missing: int, held: int) -> None:
        super().__init__(f"frame {missing} never arrived; {held} later frames were waiting for it")
        self.missing = missing


class Silence(TransportError):
    """A peer that neither sends nor answers within the deadline."""


class Refused(TransportError):
    """The handshake failed: wrong token, unknown role, or a name that is taken."""


class Forgotten(Refused):
    """The other end has taken this one for lost: what it had was given to others, and it may begin anew."""


class AddressError(TransportError):
    """An address that cannot be bound or connected."""


class TooLarge(TransportError):
    """A message larger than the whole credit of its link."""


class Stopped(TransportError):
    """The waiting was ended from outside."""
