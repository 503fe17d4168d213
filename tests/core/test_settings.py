"""The one table of settings."""

from typing import get_type_hints

import pytest
from click.testing import CliRunner

from sandbox.cli import commands
from sandbox.settings import SETTINGS, Setting, Settings


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_is_of_its_type_by_default_and_has_a_help(setting: Setting) -> None:
    default = getattr(Settings(), setting.name)
    assert default == setting.default
    if setting.many:
        assert default == ()
    elif default is None:
        assert type(None) in get_type_hints(Settings)[setting.name].__args__
    else:
        assert isinstance(default, setting.type)
        assert not setting.choices or default in setting.choices
        assert not setting.bounds or setting.bounds.least <= default <= setting.bounds.greatest
    assert setting.help.endswith(".")


@pytest.mark.parametrize(
    ("setting", "value"),
    [(each, str(value)) for each in SETTINGS if each.bounds for value in (each.bounds.least - 1, each.bounds[1] + 1)]
    + [(each, each.choices[0].upper()) for each in SETTINGS if each.choices],
    ids=str,
)
def test_what_is_out_of_bounds_or_no_choice_is_refused_by_the_command_line(setting: Setting, value: str) -> None:
    result = CliRunner().invoke(commands, ["serve", f"{setting.flag}={value}"])
    assert result.exit_code == 2
    assert f"Invalid value for '{setting.flag}'" in result.output


def test_numbers_have_bounds() -> None:
    assert [setting.name for setting in SETTINGS if setting.type in {int, float} and not setting.bounds] == []
