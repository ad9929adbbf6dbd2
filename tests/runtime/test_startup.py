"""A command that cannot start gives the reason in one sentence, without its secrets."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "arguments"), [("server.cli", ["serve"]), ("server.cli", ["worker"]), ("indexer.cli", ["run"])]
)
def test_production_without_its_secrets_does_not_start(module, arguments, tmp_path):
    command = [sys.executable, "-m", module, *arguments]
    unfit = os.environ | {"ENVIRONMENT": "production", "JWT_SECRET": "a canary", "CORS_ORIGINS": ""}
    ended = subprocess.run(command, env=unfit, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "QUEUE_SECRET must be set" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "a canary" not in ended.stderr
