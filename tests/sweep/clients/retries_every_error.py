"""Sends everything again that is no success, logins too."""

from .channel import Channel


class Broken(Channel):
    def is_passing(self, status: int) -> bool:
        return status >= 400


if __name__ == "__main__":
    Broken().main()
