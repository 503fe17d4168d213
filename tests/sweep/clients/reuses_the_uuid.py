"""Makes a uuid once."""

from .channel import Channel


class Broken(Channel):
    def new_uuid(self) -> str:
        return "8f7c2f6e-3f9a-4a52-9d0c-1a2b3c4d5e6f"


if __name__ == "__main__":
    Broken().main()
