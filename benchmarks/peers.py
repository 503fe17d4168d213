"""What our server is measured against, on the same uvicorn: `python -m benchmarks.peers starlette|bare`."""

import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from .server import PATH

CUSTOMER = {"fullName": "Luis Diaz Salinas", "customerSegment": "20", "birthdayTodayFlag": True}
BODY = b'{"customer":{"fullName":"Luis Diaz Salinas","customerSegment":"20","birthdayTodayFlag":true}}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def _retrieve(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse({"customer": CUSTOMER})


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without looking: as fast as anything on this server can be."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


PEERS: dict[str, ASGIApp] = {
    "starlette": Starlette(routes=[Route(PATH, _retrieve, methods=["POST"])]),
    "bare": bare,
}


def main() -> None:
    """Serve the peer that is named, on a free port, with our server's settings; print its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        PEERS[sys.argv[1]],
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
