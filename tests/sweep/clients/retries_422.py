"""Sends again what the bank refused as wrong."""

from .channel import Channel


class Broken(Channel):
    def is_passing(self, status: int) -> bool:
        return status == 422 or super().is_passing(status)


if __name__ == "__main__":
    Broken().main()
