"""What an output has not taken yet: packets in, the same out, or none until a keyframe where they became too many."""

from collections import deque

from transport.messages import Packet


class Backlog:
    """A queue of at most so many bytes, that a decoder can follow: what is missing ends at a keyframe."""

    def __init__(self, video: int, most_bytes: int) -> None:
        self.bytes = 0
        self.dropped = 0
        self._video, self._most = video, most_bytes
        self._packets: deque[Packet] = deque()
        self._torn = True  # nothing can be made of what comes before the next keyframe

    def __len__(self) -> int:
        return len(self._packets)

    def put(self, packet: Packet) -> None:
        """Take a packet, or drop it."""
        whole = not self._torn or (packet.key and packet.index == self._video)
        if whole and self.bytes + packet.data.nbytes <= self._most:
            self._torn = False
            self._packets.append(packet)
            self.bytes += packet.data.nbytes
        else:
            self._torn = True
            self.dropped += 1

    def take(self) -> Packet | None:
        """Return the oldest packet, None if there is none."""
        if not self._packets:
            return None
        packet = self._packets.popleft()
        self.bytes -= packet.data.nbytes
        return packet

    def clear(self) -> None:
        """Drop everything: whoever takes next begins at a keyframe."""
        self.dropped += len(self._packets)
        self._packets.clear()
        self.bytes, self._torn = 0, True
