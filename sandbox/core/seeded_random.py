"""Chance without randomness: a number that looks drawn, and is the same for the same call on every machine."""

from hashlib import blake2b


def chance(*parts: object) -> float:
    """Return a number from 0 up to, but not including, 1 that belongs to the parts."""
    digest = blake2b("\n".join(map(str, parts)).encode(), digest_size=7).digest()
    return (int.from_bytes(digest) >> 3) / 2**53
