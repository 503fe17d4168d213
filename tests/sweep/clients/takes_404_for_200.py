"""Reads a customer out of everything."""

from .channel import Answer, Channel


class Broken(Channel):
    def told(self, answer: Answer) -> str:
        return str(answer.content["customer"]["fullName"])


if __name__ == "__main__":
    Broken().main()
