"""HTTP as httptools reads it: in C, four times as fast as h11.

Rule 1: httptools stops at an Upgrade header and skips the body; a second parser reads on from there. Java's HttpClient
sends that header (h2c) with each first call.
Rule 2: httptools keeps whatever comes until the headers end, so their length is limited here.
Rule 3: a call that is here whole and wants nothing but its answer is answered here, without scope, cycle and task;
what is unusual (another method or path, a browser, a delay, a fault, an answer before it) goes uvicorn's way.
"""

from functools import partial
from time import perf_counter
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.core.operation import Operation

from .bank_side import MAX_BODY_BYTES
from .protocol import MAX_HEAD_BYTES, SandboxProtocol

_FRAMING = (b"content-length", b"transfer-encoding")


class HttptoolsProtocol(SandboxProtocol, HttpToolsProtocol):  # type: ignore[misc]
    """uvicorn's protocol for httptools, with what the sandbox adds."""

    messages = 0
    is_message_complete = False
    is_in_head = False
    head_bytes = 0
    hosts = 0
    is_plain = True
    # The operation that is called, and its path, while its body comes in here and not in a cycle.
    whole_call: tuple[Operation, str] | None = None

    def on_message_begin(self) -> None:
        self.messages += 1
        self.is_message_complete, self.is_in_head, self.head_bytes = False, True, 0
        self.url, self.headers, self.body = b"", [], b""
        self.expect_100_continue, self.hosts, self.is_plain = False, 0, True
        self.idle_since = None

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name == b"host":
            self.hosts += 1
        elif name == b"origin":
            self.is_plain = False
        elif name == b"expect":
            self.is_plain = False
            self.expect_100_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        self.is_in_head = False
        self.began = perf_counter()
        if not self._takes_whole_call():
            self._begin_cycle()

    def on_body(self, body: bytes) -> None:
        if self.whole_call is None:
            super().on_body(body)
            return
        self.body += body
        if len(self.body) > MAX_BODY_BYTES:
            self._hand_over()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            # The parser says so at the end of the head already; the body is to come.
            return
        self.is_message_complete = True
        if self.whole_call is None:
            super().on_message_complete()
            return
        operation, path = self.whole_call
        self.whole_call = None
        call = self.bank.answer_now(operation, self.headers, self.body, path)
        if call.decision.delay or call.decision.fault:
            self._begin_cycle(partial(self.bank.finish, call, self.began))
            super().on_message_complete()
        else:
            self.bank.turn.add(self, call, self.began)

    def shutdown(self) -> None:
        if self.whole_call:
            self._hand_over()
        super().shutdown()

    def _hand_over(self) -> None:
        """Let uvicorn go on with a call whose body is still coming."""
        self.whole_call = None
        self._begin_cycle()
        if self.body:
            super().on_body(self.body)

    def _takes_whole_call(self) -> bool:
        """Tell whether a call is one that is answered here, once its body has come."""
        if (found := self.bank.whole_calls.get(self.url)) is None:
            return False
        parser, cycle = self.parser, self.cycle
        if (
            self.hosts == 1
            and self.is_plain
            and not self.pipeline
            and (cycle is None or cycle.response_complete)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.flow.write_paused
        ):
            self.whole_call = found
        return self.whole_call is not None

    def _begin_cycle(self, app: Any = None) -> None:
        """Let uvicorn begin with the request whose head was read; `app` answers it, the application by default."""
        url, headers, expects, usual = self.url, self.headers, self.expect_100_continue, self.app
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        self.app = app or usual
        super().on_headers_complete()
        self.app = usual

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._ignore_upgrade()
            if rest := data[upgrade.args[0] :]:
                self.data_received(rest)
            return
        except HttpParserError:
            self.send_400_response("")
            return
        if self.is_in_head:
            # What ended with a blank line before, pipelined calls, is no part of it.
            self.head_bytes += len(data.rpartition(b"\r\n\r\n")[2])
            if self.head_bytes > MAX_HEAD_BYTES:
                self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        if self.pipeline and self.cycle.more_body:
            # Calls before this one are still to be answered; behind the last of them the connection ends.
            self.pipeline.popleft()
            self.timeout_keep_alive = 0
        else:
            super().send_400_response(msg)

    def _ignore_upgrade(self) -> None:
        framing = [name + b": " + value + b"\r\n" for name, value in self.headers if name in _FRAMING]
        self.parser = HttpRequestParser(_AfterUpgrade(self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"POST / HTTP/1.1\r\n" + b"".join(framing) + b"\r\n")

    def _message(self) -> object:
        return self.messages

    def _is_incomplete(self) -> bool:
        return not self.is_message_complete

    def _is_in_head(self) -> bool:
        return self.is_in_head


class _AfterUpgrade:
    """What a second parser calls: all of the protocol's callbacks, apart from the head that was read by the first."""

    def __init__(self, protocol: HttptoolsProtocol) -> None:
        self._protocol = protocol
        self._is_known = True
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        self._pass_on("on_message_begin")

    def on_url(self, url: bytes) -> None:
        self._pass_on("on_url", url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._pass_on("on_header", name, value)

    def on_headers_complete(self) -> None:
        self._pass_on("on_headers_complete")
        self._is_known = False

    def _pass_on(self, callback: str, *arguments: Any) -> None:
        if not self._is_known:
            getattr(self._protocol, callback)(*arguments)
