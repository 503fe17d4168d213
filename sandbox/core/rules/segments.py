"""The contract's own operation: who a customer is, in which segment, and whether today is the birthday."""

from json.encoder import encode_basestring

from sandbox.core.call import Call
from sandbox.core.customers import Customer
from sandbox.core.decide import Answer, Ruling, World
from sandbox.core.messages import BankReply, Identity
from sandbox.core.operation import Behaviour
from sandbox.core.scenarios import SYNTHETIC, ErrorOutcome

_JSON_HEADERS = ((b"content-type", b"application/json"),)


def identities_disagree(call: Call, world: World) -> Ruling:
    """Both identities were sent, and they are not the same customer's."""
    customer_id, card_number = call.customer_id, call.card_number
    if customer_id is None or card_number is None or world.book.agree(customer_id.value, card_number.value):
        return None
    reason = f"{customer_id} and {card_number} are not the same customer's"
    return Answer(ErrorOutcome(call.operation.errors["businessValidationFailed"]), reason, "cardNumber")


def synthetic_customer(call: Call, world: World) -> Ruling:
    """Nobody wrote this identity down and it has full length: a customer is made up from the seed."""
    identity = call.identity
    if identity is None or not identity.is_full_length or not world.population.synthesizes_unknown:
        return None
    country, seed = call.caller.country, world.population.seed
    return Answer(SYNTHETIC, f"{identity} in {country.code} is made up from seed {seed}")


def unknown_customer(call: Call, world: World) -> Ruling:
    """The identity belongs to nobody."""
    identity = call.identity or Identity("customerId", "")
    why = "" if identity.is_full_length else "; it has not full length, 12 digits for a customerId, 16 for a cardNumber"
    error = ErrorOutcome(call.operation.errors["resourceNotFound"])
    return Answer(error, f"{identity} is nobody's{why}", identity.kind)


def customer_reply(customer: Customer, is_birthday: bool) -> BankReply:
    """Return the bank's answer about a customer."""
    return BankReply(
        200,
        _JSON_HEADERS,
        (
            f'{{"customer":{{"fullName":{encode_basestring(customer.full_name)},'
            f'"customerSegment":{encode_basestring(customer.segment)},'
            f'"birthdayTodayFlag":{"true" if is_birthday else "false"}}}}}'
        ).encode(),
    )


SEGMENTS = Behaviour(
    rules=(identities_disagree, synthetic_customer, unknown_customer),
    customer_reply=customer_reply,
)
