"""The bank's side, put together: its documents, with the behaviour of each of their operations.

Rule 1: an operation is added here, or by whoever makes a sandbox; nothing else names it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .contract import Contract
from .openapi import Document
from .operation import Behaviour, Operation, read_operations
from .rules.key_exchange import KeyExchange, SessionKey
from .rules.segments import SEGMENTS
from .rules.token import Login


class Bank(NamedTuple):
    """The contract, and the two of its operations that are also asked without a call.

    `documents` are those of all operations, by the name under which they are served, without its ending.
    """

    contract: Contract
    login: Login
    key_exchange: KeyExchange
    documents: dict[str, Document]


class MoreOperations(NamedTuple):
    """A further document under a name, with the behaviour of each operation in it by its operationId."""

    name: str
    document: Document
    behaviours: Mapping[str, Behaviour]


def read_bank(
    document: Document,
    companions: Document,
    keys: Sequence[SessionKey],
    prefixes: Sequence[str] = (),
    more: Sequence[MoreOperations] = (),
) -> Bank:
    """Put the bank's side together. `keys` are those of sessions. Raises KeyError for an operation without behaviour.

    An operation beside the contract can be asked for the contract's errors, too, and all for those of the gateway.
    """
    own = read_operations(document, {"retrieve-customer-segment": SEGMENTS})
    main = own[0]
    token = companions["paths"]["/v1/oauth/token"]["post"]
    login, key_exchange = Login(companions, token), KeyExchange(keys)
    beside: list[Operation] = read_operations(
        companions, {"token": login.behaviour, "e2eKey": key_exchange.behaviour}, main
    )
    for each in more:
        beside += read_operations(each.document, each.behaviours, main)
    documents = {"openapi": document, "companions.openapi": companions, **{each.name: each.document for each in more}}
    return Bank(Contract([*own, *beside], prefixes), login, key_exchange, documents)
