"""The TypeScript types of the contract: generated from it, and a client compiles against them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.conftest import KEPT, ROOT

CLIENT = ROOT / "docs" / "client"


@pytest.fixture(scope="module")
def tools() -> Path:
    found = CLIENT / "node_modules" / ".bin"
    if shutil.which("node") is None or not (found / "openapi-typescript").exists():
        assert "CI" not in os.environ, "CI has these: nothing may be skipped there"
        pytest.skip("the TypeScript tools are not here: npm install --prefix docs/client")
    return found


def test_the_types_are_those_of_the_contract(tools: Path, tmp_path: Path):
    generated = tmp_path / "api.d.ts"
    options = ["--default-non-nullable=false", "--output", str(generated)]
    subprocess.run([tools / "openapi-typescript", KEPT, *options], check=True, capture_output=True)
    assert generated.read_text() == (CLIENT / "api.d.ts").read_text(), "run `make openapi`"


def test_the_example_compiles(tools: Path):
    compiled = subprocess.run(
        [tools / "tsc", "--project", CLIENT], check=False, capture_output=True, text=True
    )
    assert (compiled.returncode, compiled.stdout) == (0, "")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("guide({ answers: { bhkk: 3 } })", "'bhkk' does not exist"),
        ('guide({ sort: "cheapest" })', '"cheapest"\' is not assignable'),
        ("guide({}).then((found) => found.items[0].cost)", "'cost' does not exist"),
    ],
)
def test_a_client_with_a_slip_does_not_compile(tools: Path, tmp_path: Path, wrong: str, said: str):
    for name in ("api.d.ts", "example.ts", "tsconfig.json"):
        shutil.copy(CLIENT / name, tmp_path)
    (tmp_path / "slip.ts").write_text(f'import {{ guide }} from "./example";\n\n{wrong};\n')
    compiled = subprocess.run(
        [tools / "tsc", "--project", tmp_path], check=False, capture_output=True, text=True
    )
    assert compiled.returncode != 0
    assert said in compiled.stdout


def test_versions_are_pinned_without_the_address_of_a_registry():
    assert not (CLIENT / "package-lock.json").exists()
    assert "package-lock=false" in (CLIENT / ".npmrc").read_text()
    assert "http" not in (CLIENT / "package.json").read_text()
