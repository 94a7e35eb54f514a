"""A secret that both ends know in, an encrypted line out: CURVE (CurveCP's handshake, RFC 26 of ZeroMQ) over tcp.

The server's key pair is made from the secret, so that there are no key files: who does not know the secret knows no
public key to shake hands with, and whoever listens on the network reads nothing, the secret itself least of all.
"""

import hashlib

import zmq
from zmq.utils import z85

PURPOSE = b"cleanplate curve"


def listen_with(secret: str, socket: "zmq.Socket[bytes]") -> None:
    """Let a socket that is to be bound speak only to those who know the secret, in ciphers."""
    socket.curve_server = True
    socket.curve_publickey, socket.curve_secretkey = _pair(secret)


def call_with(secret: str, socket: "zmq.Socket[bytes]") -> None:
    """Let a socket that is to be connected speak only to who knows the secret, in ciphers, under a name of the day."""
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_serverkey, _ = _pair(secret)


def _pair(secret: str) -> tuple[bytes, bytes]:
    """Return the public and the secret key, in Z85."""
    seed = hashlib.blake2b(secret.encode(errors="surrogateescape"), digest_size=32, person=PURPOSE).digest()
    private = z85.encode(seed)
    return zmq.curve_public(private), private
