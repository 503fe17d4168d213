"""HTTP as h11 reads it: where httptools has no wheel. h11 limits heads and ignores upgrades by itself."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol as UvicornH11Protocol

from .protocol import SandboxProtocol


class H11Protocol(SandboxProtocol, UvicornH11Protocol):  # type: ignore[misc]
    """uvicorn's protocol for h11, with what the sandbox adds."""

    def _message(self) -> object:
        return self.cycle

    def _is_incomplete(self) -> bool:
        return self.cycle is None or self._is_in_head() or self.conn.their_state is h11.SEND_BODY

    def _is_in_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
