"""Names of spaces.

Rule 1: a space is what belongs to one client_id; `*` is the space for all, which no client_id can be.
Rule 2: no name shows what has to be masked.
"""

from hashlib import blake2b

from sandbox.core.masking import masked_text

FOR_ALL = "*"
ANONYMOUS = "anonymous"
_MAX_NAME = 100


def place_of(space: str) -> str:
    """Return the name of the file, so to speak, that the overrides of a space stand in."""
    return f"overrides of {space}"


def space_name(client_id: str) -> str:
    """Return the name of a caller's space: the client_id, or where that is very long or must be masked, its digest."""
    if not client_id:
        return ANONYMOUS
    if client_id == FOR_ALL:
        return f"client_id {FOR_ALL}"
    shown = masked_text(client_id)
    if shown == client_id and len(client_id) <= _MAX_NAME:
        return client_id
    # A short digest of what is masked: it fits many numbers, so that none can be found by it.
    size = 16 if shown == client_id else 3
    digest = blake2b(client_id.encode("utf-8", "surrogatepass"), digest_size=size, person=b"space")
    return f"{shown[:60]}~{digest.hexdigest()}"
