"""Takes an API that is away for a while for one that is gone."""

from .channel import Channel


class Broken(Channel):
    def is_passing(self, status: int) -> bool:
        return status == 429


if __name__ == "__main__":
    Broken().main()
