"""Sends a refused token again."""

from .channel import Channel


class Broken(Channel):
    def refused(self) -> None:
        pass


if __name__ == "__main__":
    Broken().main()
