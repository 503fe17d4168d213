"""Sends again at once."""

from .channel import Answer, Channel


class Broken(Channel):
    def pause(self, answer: Answer | None) -> None:
        pass


if __name__ == "__main__":
    Broken().main()
