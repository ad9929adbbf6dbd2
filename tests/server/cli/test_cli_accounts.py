"""`casabricks create-admin`, run interactively and by a script."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from domain.security.passwords import is_password
from schemas.settings import Settings
from schemas.urls import sqlalchemy_url
from server.cli import app

PASSWORD = "seven lamps by the river"
WHO = ["--email", "Ravi@CasaBricks.example", "--name", "Ravi Singh"]


class Command:
    def __init__(self, settings: Settings) -> None:
        self.database_url = settings.database_url

    def run(self, *arguments: str, typed: str = "") -> Result:
        environment = {"DATABASE_URL": self.database_url, "PASSWORD_COST": "4"}
        return CliRunner().invoke(app, ["create-admin", *arguments], input=typed, env=environment)

    def rows(self, statement: str) -> list[tuple[str, ...]]:
        engine = create_engine(sqlalchemy_url(self.database_url))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(statement))]
        engine.dispose()
        return found

    def accounts(self) -> list[tuple[str, ...]]:
        return self.rows("SELECT email, full_name, role, hashed_password FROM users")


@pytest.fixture
def command(settings: Settings, engine: AsyncEngine) -> Command:
    return Command(settings)


def test_a_script_makes_an_account_with_a_password_from_standard_input(command: Command):
    result = command.run(*WHO, "--role", "admin", "--password-stdin", typed=PASSWORD + "\n")
    [(email, name, role, hashed)] = command.accounts()
    assert (result.exit_code, email, name, role) == (0, "ravi@casabricks.example", "Ravi Singh", "admin")
    assert (is_password(PASSWORD, hashed), PASSWORD in result.output) == (True, False)
    audit = command.rows("SELECT actor, action, changes::text FROM audit_log")
    assert [(actor, action, PASSWORD in changes) for actor, action, changes in audit] == [
        ("casabricks create-admin", "create", False)
    ]


def test_a_drawn_password_is_printed_once(command: Command):
    result = command.run(*WHO, "--generate")
    printed = result.output.rpartition("one-time password: ")[2].strip()
    [(_, _, role, hashed)] = command.accounts()
    assert (result.exit_code, role, is_password(printed, hashed)) == (0, "super_admin", True)


def test_a_person_is_asked_for_what_is_missing(command: Command):
    typed = f"ravi@casabricks.example\nRavi Singh\n{PASSWORD}\n{PASSWORD}\n"
    result = command.run(typed=typed)
    assert (result.exit_code, len(command.accounts())) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        ([*WHO, "--password-stdin"], "short\n"),
        ([*WHO, "--password-stdin"], "\n"),
        (["--email", "nobody", "--name", "X", "--generate"], ""),
        ([*WHO, "--role", "owner", "--generate"], ""),
    ],
)
def test_what_cannot_be_an_account_is_refused_with_a_sentence(
    command: Command, arguments: list[str], typed: str
):
    result = command.run(*arguments, typed=typed)
    assert (result.exit_code, command.accounts(), "Traceback" in result.output) == (2, [], False)


def test_an_address_has_one_account(command: Command):
    command.run(*WHO, "--generate")
    assert (command.run(*WHO, "--generate").exit_code, len(command.accounts())) == (2, 1)


def test_without_a_database_it_says_so(command: Command):
    command.database_url = "postgresql://127.0.0.1:1/nowhere"
    assert command.run(*WHO, "--generate").exit_code == 4
