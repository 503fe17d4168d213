"""Waits for a child of its own for ever, deaf to being told to stop, once a call has failed."""

import os
import signal
import subprocess
from pathlib import Path

from .channel import Answer, Channel


class Broken(Channel):
    def told(self, answer: Answer) -> str:
        if answer.status != 200:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sleep", "600"])
            Path(os.environ["CHILD"]).write_text(str(child.pid))
            child.wait()
        return super().told(answer)


if __name__ == "__main__":
    Broken().main()
