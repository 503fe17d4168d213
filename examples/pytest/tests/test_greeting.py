"""How customers are greeted, whatever the bank does."""

import pytest
from greeting import BankUnavailable, Branch

from sandbox.testing import SegmentSandbox


def test_a_customer_with_a_birthday_is_congratulated(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    customer = segment_sandbox.customer(birthday="today", segment="20")
    assert branch.greet(customer.customer_id) == f"Please take a seat, {customer.full_name}, and a happy birthday!"


def test_a_priority_customer_does_not_wait(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    customer = segment_sandbox.customer(segment="40")
    assert branch.greet(customer.customer_id).startswith(f"This way, please, {customer.full_name}")


def test_somebody_unknown_is_asked_for_a_name(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    customer = segment_sandbox.customer()
    segment_sandbox.fail(customer, "resourceNotFound")
    assert branch.greet(customer.customer_id) == "Welcome! May I have your name?"
    segment_sandbox.assert_called(exactly=1)


def test_a_short_outage_goes_unnoticed(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    customer = segment_sandbox.customer()
    segment_sandbox.fail(customer, "serverUnavailable", times=2)
    assert customer.full_name in branch.greet(customer.customer_id)
    segment_sandbox.assert_called(customerId=customer.customer_id, status=500, exactly=2)
    segment_sandbox.assert_only(customerId=customer.customer_id, exactly=3)


@pytest.mark.parametrize("fault", ["connectionReset", "emptyResponse", "closeMidBody", "neverAnswer"])
def test_a_line_that_breaks_once_goes_unnoticed(segment_sandbox: SegmentSandbox, branch: Branch, fault: str) -> None:
    customer = segment_sandbox.customer()
    segment_sandbox.break_line(customer, fault, times=1)
    assert customer.full_name in branch.greet(customer.customer_id)


def test_a_long_outage_ends_in_words(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    segment_sandbox.everybody.fail("serverUnavailable")
    with pytest.raises(BankUnavailable, match="no answer in 3 attempts"):
        branch.greet("321116471234")
    segment_sandbox.assert_called(exactly=3)


def test_whoever_was_born_on_leap_day_is_congratulated_on_leap_day(
    segment_sandbox: SegmentSandbox, branch: Branch
) -> None:
    segment_sandbox.freeze("2028-02-29")
    customer = segment_sandbox.customer(birthday="02-29")
    assert "happy birthday" in branch.greet(customer.customer_id)
    segment_sandbox.advance("1d")
    assert "happy birthday" not in branch.greet(customer.customer_id)


@pytest.mark.segment_sandbox(scenarios="../scenarios")
def test_a_regular_of_ours_is_known(segment_sandbox: SegmentSandbox, branch: Branch) -> None:
    assert branch.greet("100000000777") == "This way, please, Ana Torres!"
