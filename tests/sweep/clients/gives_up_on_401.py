"""Takes a refused token for a refusal of the call."""

from .channel import Channel, GaveUpError


class Broken(Channel):
    def refused(self) -> None:
        raise GaveUpError("not allowed")


if __name__ == "__main__":
    Broken().main()
