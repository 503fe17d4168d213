"""Public servers for the same purpose, from npm: installed when asked, in the versions of npm/package.json.

Prism validates against our contract and answers everybody with its example; it can't tell customers apart. mountebank
knows the written customers, and goes through them one by one.
"""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from sandbox.files.shipped import CONTRACT_FILE

from .data import FEW, FIRST_WRITTEN
from .peers import CUSTOMER
from .server import PATH, Server

NPM = Path(__file__).with_name("npm")
VERSIONS: dict[str, str] = json.loads((NPM / "package.json").read_bytes())["dependencies"]
PRISM = f"Prism {VERSIONS['@stoplight/prism-cli']}"
MOUNTEBANK = f"mountebank {VERSIONS['mountebank']}"


def install() -> None:
    """Install the public peers beside their list; what is there already stays. Exits where that is not possible."""
    if not shutil.which("npm"):
        sys.exit("--peers needs npm, which is not installed: sudo apt-get install nodejs npm")
    options = (
        "--no-package-lock",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--loglevel=error",
    )
    if subprocess.run(["npm", "install", "--prefix", NPM, *options], stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit("--peers: npm could not install the peers; what it said stands above")


def start_prism() -> Server:
    """Start Prism with our contract, and without its log."""
    port = _free_port()
    return Server(
        [NPM / "node_modules/.bin/prism", "mock", "--verboseLevel=silent", f"--port={port}", CONTRACT_FILE], _url(port)
    )


def start_mountebank(directory: Path) -> Server:
    """Start mountebank with as many written customers as ours has, and without its log. Its files go to `directory`."""
    port = _free_port()
    reply = {
        "statusCode": 200,
        # Otherwise it closes the connection behind each answer.
        "headers": {"Content-Type": "application/json", "Connection": "keep-alive"},
        "body": {"customer": CUSTOMER},
    }
    stubs = [
        {
            "predicates": [{"equals": {"method": "POST", "path": PATH, "body": {"customerId": str(customer)}}}],
            "responses": [{"is": reply}],
        }
        for customer in range(FIRST_WRITTEN, FIRST_WRITTEN + FEW)
    ]
    file = directory / "imposters.json"
    file.write_text(json.dumps({"imposters": [{"port": port, "protocol": "http", "stubs": stubs}]}), "utf-8")
    options = ("--noParse", "--nologfile", "--loglevel=error", "--host=127.0.0.1", f"--port={_free_port()}")
    return Server([NPM / "node_modules/.bin/mb", "start", *options, f"--configfile={file}"], _url(port), directory)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
