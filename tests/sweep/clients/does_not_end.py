"""Waits for a child of its own for ever, deaf to being told to stop, once a call has failed.

Both hold the lock on the file LOCK for as long as they live.
"""

import fcntl
import os
import signal
import subprocess
from pathlib import Path

from .channel import Answer, Channel


class Broken(Channel):
    def told(self, answer: Answer) -> str:
        if answer.status != 200:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            with Path(os.environ["LOCK"]).open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                subprocess.Popen(["sleep", "600"], pass_fds=[lock.fileno()]).wait()
        return super().told(answer)


if __name__ == "__main__":
    Broken().main()
