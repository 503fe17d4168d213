"""Waits as long as it takes."""

from .channel import Channel


class Broken(Channel):
    def seconds(self) -> float | None:
        return None


if __name__ == "__main__":
    Broken().main()
