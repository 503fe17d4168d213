"""The control API for Python programs: `Client`, and `AsyncClient` with the same methods to await.

Rule 1: the API's document is the only description of an operation; `make docs` makes the methods and types from it.
"""

from .errors import ClientError, Problem, Unreachable
from .operations import AsyncClient, Client
from .transport import Page

__all__ = ["AsyncClient", "Client", "ClientError", "Page", "Problem", "Unreachable"]
