"""Calls on when the login has failed."""

from .channel import Channel


class Broken(Channel):
    def no_login(self) -> None:
        self.token = "none"


if __name__ == "__main__":
    Broken().main()
