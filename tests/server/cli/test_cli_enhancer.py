"""A process refuses to start if its settings would fail at the first picture."""

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from schemas.settings import Settings
from server.cli import app


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"WEBHOOK_SECRET": "short"}, "WEBHOOK_SECRET: a webhook secret needs at least 24 bytes."),
        ({"WEBHOOK_PREVIOUS_SECRET": "whsec_?"}, "WEBHOOK_SECRET: what follows whsec_ must be base64."),
        ({"ENHANCER_RESULT_HOSTS": "10.0.0.1"}, "'10.0.0.1' is not the name of a host"),
        ({"ENHANCER_LOCAL_ORIGIN": "http://10.0.0.1:80"}, "'http://10.0.0.1:80' is not of the form"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(command: str, variables: dict[str, str], sentence: str):
    ended = CliRunner().invoke(app, [command], env=variables)
    assert (ended.exit_code, sentence in " ".join(ended.output.split())) == (2, True)


def test_production_fetches_nothing_from_its_own_machine():
    local = {"enhancer_local_origin": "http://127.0.0.1:8123"}
    with pytest.raises(ValidationError, match="for development only"):
        Settings(environment="production", **local)
    assert Settings(environment="development", **local).enhancer_local_origin
