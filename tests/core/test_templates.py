"""Texts with `{{ }}`: what may stand in one, what is refused when it is read, and what fails on a request."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.templates import FILTERS, Template, TemplateMistake, finish, read_text, template_mistakes

from .bank import DOCUMENTED_CARD, DOCUMENTED_ID, OPERATION, call, request

CONTEXT = {
    "request": {"customerId": "321116471234", "items": "3", "amount": 7},
    "headers": {"countryCode": "MX", "Accept-Language": "es"},
    "today": "2027-03-14",
}


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("{{ request.customerId }} is under review", "321116471234 is under review"),
        ("{{ request.customerId[-2:] }}", "34"),
        ("{{ request['customerId'][0] }}", "3"),
        ("{{ headers.countryCode | lower }}", "mx"),
        ("{{ headers['Accept-Language'] }}", "es"),
        ("{{ today[:4] }}", "2027"),
        ("{{ request.amount + 1 }}", "8"),
        ("{{ 'even' if request.amount == 8 else 'odd' }}", "odd"),
        ("{{ request.customerId ~ '-' ~ request.amount }}", "321116471234-7"),
        ("{{ request.other | default('none') }}", "none"),
        ("{{ '2' in request.customerId and not false }}", "True"),
        ("{# a comment #}text", "text"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("é {{ 'ñ' }}", "é ñ"),
    ],
)
def test_an_expression_is_finished_for_the_request(text: str, finished: str) -> None:
    assert Template(text).render(CONTEXT) == finished


@pytest.mark.parametrize("name", FILTERS)
def test_every_listed_filter_works(name: str) -> None:
    assert Template(f"{{{{ request.customerId | {name} }}}}").render(CONTEXT)


def test_a_field_wins_over_a_method_of_the_same_name() -> None:
    assert Template("{{ request.items }}").render(CONTEXT) == "3"


@pytest.mark.parametrize(
    "text",
    [
        *("{{", "{{ }}", "{{ 1 if }}", "{{ 'x }}", "{{ \x00 }}", "{%- -%}", "{% nope %}", "{{ '\\u12' }}"),
        *(
            "{% for x in request %}{% endfor %}",
            "{% if x %}{% endif %}",
            "{% set x = 1 %}",
            "{% macro m() %}{% endmacro %}",
        ),
        *("{% include 'x' %}", "{% import 'x' as y %}", "{% extends 'x' %}", "{% block b %}{% endblock %}"),
        *("{{ x() }}", "{{ request.get('x') }}", "{{ ''.join('x') }}", "{{ range(10) }}", "{{ cycler }}{{ x() }}"),
        *("{{ 'x' * 9 }}", "{{ 9 ** 9 }}", "{{ '%9d' % 1 }}", "{{ 1 / 0 }}", "{{ 1 // 0 }}"),
        *("{{ [1] }}", "{{ {} }}", "{{ (1, 2) }}", "{{ x is defined }}"),
        *(
            "{{ x | attr('y') }}",
            "{{ x | map('y') }}",
            "{{ x | join }}",
            "{{ x | center(9) }}",
            "{{ x | replace('a', 'b') }}",
        ),
        *("{{ x | default('y', boolean=true) }}", "{{ x | nope }}", "{% filter upper %}x{% endfilter %}"),
        pytest.param("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", id="nested parentheses"),
        pytest.param("{{ " + "-" * 5000 + "1 }}", id="nested signs"),
        pytest.param("{{ a" + ".b" * 300 + " }}", id="300 parts"),
        pytest.param("{{ a" + ".b" * 5000 + " }}", id="5000 parts"),
        pytest.param("{{ a" + "|upper" * 300 + " }}", id="300 filters"),
        pytest.param("{{ " + "9" * 5000 + " }}", id="5000 digits"),
        pytest.param("{{ 0x" + "f" * 9000 + " }}", id="9000 hexadecimal digits"),
    ],
)
def test_what_could_run_away_or_is_no_template_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(TemplateMistake):
        Template(text)


@pytest.mark.parametrize(
    "text",
    [
        *("{{ nope }}", "{{ request.nope }}", "{{ nope.x }}", "{{ nope | upper }}", "{{ headers['nope'] }}"),
        *("{{ request.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ request['__class__'] }}", "{{ _x }}"),
        *("{{ request.keys }}", "{{ request.customerId.format }}", "{{ headers.get }}", "{{ today.upper }}"),
        *("{{ 'a'[::0] }}", "{{ '' | first }}", "{{ 1 + 'a' }}", "{{ 1[0] }}", '{{ "\\ud800" }}'),
        *("{{ namespace }}", "{{ lipsum }}", "{{ loop }}", "{{ config }}", "{{ environment }}"),
    ],
)
def test_what_the_request_does_not_have_is_a_mistake_and_never_an_empty_text(text: str) -> None:
    with pytest.raises(TemplateMistake):
        Template(text).render(CONTEXT)


def test_a_mistake_shows_the_template() -> None:
    with pytest.raises(TemplateMistake, match=r"^'\{\{ nope \}\}' failed: 'nope' is undefined$"):
        Template("{{ nope }}").render(CONTEXT)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{{ nope }} and {{ nada }}", ["'{{ nope }}' failed", "'{{ nada }}' failed"]),
        ("{{ 9 * 9 }}{{ a b }}{{ today }}", ["'{{ 9 * 9 }}' holds a mul", "'{{ a b }}' is not a template"]),
        ("{{ nope }} {{", ["'{{ nope }}' failed", "' {{' is not a template"]),
        ("{{ nope }}{% if x %}{% endif %}", ["'{{ nope }}' failed", "holds a if"]),
        ("{{ nope }}{{ '}}' }}{{ '{{ nada }}' }}", ["'{{ nope }}' failed"]),
        ("{{ nope }}" + "x" * 2_000, ["has 2010 characters", "'{{ nope }}' failed"]),
        ("{{ nope }}{{ nope }}", ["'{{ nope }}' failed"]),
        ("{{ today }}", []),
        ("plain", []),
    ],
)
def test_all_that_is_wrong_with_a_text_is_named(text: str, parts: list[str]) -> None:
    found = template_mistakes(text, lambda: CONTEXT)
    assert len(found) == len(parts)
    assert all(part in mistake for part, mistake in zip(parts, found, strict=True)), found


@pytest.mark.parametrize("text", ["", "plain", "{ x }", "}} {", "100 %"])
def test_a_plain_text_stays_what_it_is(text: str) -> None:
    read = read_text(text)
    assert read is text
    assert finish(read, dict) == text


_PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " ",
        "request",
        ".",
        "customerId",
        "|",
        "upper",
        "(",
        ")",
        "[",
        "]",
        "'",
        "-",
        "9",
    ]
)


@given(st.lists(_PIECES | st.text()).map("".join) | st.lists(_PIECES).map(lambda pieces: "{{" + "".join(pieces) + "}}"))
def test_no_text_does_anything_but_render_or_name_its_mistake(text: str) -> None:
    with suppress(TemplateMistake):
        assert isinstance(finish(read_text(text), lambda: CONTEXT), str)


def test_secrets_are_left_out_and_cards_masked() -> None:
    asked = request(
        {"customerId": DOCUMENTED_ID, "cardNumber": DOCUMENTED_CARD, "note": "x"},
        {"Authorization": "Bearer c2VjcmV0", "sid": "a session", "X-Other": "other"},
    )
    context = call(asked).template_context({})
    assert context["request"] == {"customerId": DOCUMENTED_ID, "cardNumber": "496945******6110", "note": "x"}
    assert context["headers"] == {
        rule.name: asked.headers[rule.key]
        for rule in OPERATION.headers
        if rule.key in asked.headers and rule.name not in {"client_id", "Authorization"}
    }
    assert context["today"] == "2027-03-14"
