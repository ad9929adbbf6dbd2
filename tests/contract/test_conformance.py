"""Schemathesis checks the running API against its contract, and knows nothing but the contract."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from demo.load import load_homes
from schemas.settings import Settings
from schemas.tables import Property
from server.openapi.shapes import referenced_names
from tests.contract.conftest import ROOT, Document
from tests.factories import inquiry, picture, store_inquiries, store_pictures, store_user
from tests.server.conftest import Api, Catalogue, served

HERE = Path(__file__).parent
EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
"""Random cases for each operation, in addition to the fixed ones."""
pytestmark = pytest.mark.timeout(600 + 60 * EXAMPLES)  # hundreds of operations, each called many times


@dataclass(frozen=True)
class Somewhere:
    """An API with data: the ids for paths and bodies, and an account for each role."""

    api: Api
    known: dict[str, list[str]]
    accounts: dict[str, str]


@pytest.fixture(scope="module")
async def somewhere(
    live: Catalogue, worker_engine: AsyncEngine, settings: Settings
) -> AsyncIterator[Somewhere]:
    await load_homes(worker_engine, (), listings=60, seed=1)
    async with worker_engine.connect() as connection:
        homes = list(await connection.scalars(select(Property.id).where(Property.is_active).limit(12)))
    images = await store_pictures(worker_engine, *(picture(home) for home in homes[:6]))
    leads = await store_inquiries(worker_engine, *(inquiry(home) for home in homes[:6]))
    accounts = {role: await store_user(worker_engine, email=f"{role}@x.example", role=role) for role in ROLES}
    others = [await store_user(worker_engine, email=f"other-{n}@x.example") for n in range(4)]
    await live.sync_index()
    known = {"property_id": homes, "image_id": images, "inquiry_id": leads, "user_id": others}
    known["assigned_to"] = others
    behind_a_proxy = settings.model_copy(update={"trusted_proxy_cidrs": "127.0.0.0/8"})
    async with served(behind_a_proxy, name="casabricks-conformance") as api:
        yield Somewhere(
            api,
            {name: list(map(str, ids)) for name, ids in known.items()},
            {role: str(user_id) for role, user_id in accounts.items()},
        )


ROLES = ("admin", "super_admin")
Check = Callable[..., Awaitable[None]]


@pytest.fixture
def check(somewhere: Somewhere, contract: Document, settings: Settings, tmp_path: Path) -> Check:
    """Return a function that runs Schemathesis with an account and options, and expects no failure."""

    async def run(who: str, *options: str) -> None:
        strict = tmp_path / "openapi.json"
        strict.write_text(json.dumps(closed(contract)))
        account = {"CONTRACT_ACCOUNT": somewhere.accounts[who]} if who in ROLES else {}
        running = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", HERE / "schemathesis.toml"),
            *("run", strict, "--url", somewhere.api.url, "--checks", "all", "--max-examples", str(EXAMPLES)),
            *("--seed", "1", "--no-color", *options),
            cwd=tmp_path,
            env=os.environ
            | account
            | {
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.contract.hooks",
                "CONTRACT_KNOWN": json.dumps(somewhere.known),
                "CONTRACT_SECRET": settings.token_secrets[0],
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await running.communicate()
        assert running.returncode == 0, said.decode()

    return run


EVERYONE = ("visitor", *ROLES)
THOROUGH = EVERYONE if "EXAMPLES" in os.environ else ("super_admin",)
"""The accounts with the longer runs. Usually one is enough, because the cases are alike for all of them."""
PARTS = {
    "properties": ("--include-tag", "admin_properties"),
    "inquiries": ("--include-tag", "admin_inquiries"),
    "the rest of the administration": ("--include-tag-regex", "^admin_(?!(properties|inquiries)$)"),
    "public": ("--exclude-tag-regex", "^admin_"),
}
"""All operations, in parts of similar length that run in parallel."""


@pytest.mark.parametrize("who", EVERYONE)
async def test_the_api_keeps_its_contract(check: Check, who: str):
    await check(who, "--phases", "examples,fuzzing")


@pytest.mark.parametrize("who", THOROUGH)
@pytest.mark.parametrize("part", PARTS)
async def test_the_api_keeps_its_contract_in_every_enumerated_case(check: Check, who: str, part: str):
    await check(who, "--phases", "coverage", *PARTS[part])


@pytest.mark.parametrize("who", THOROUGH)
async def test_the_api_keeps_its_contract_in_sequences_of_requests(check: Check, who: str):
    await check(who, "--phases", "stateful")


def closed(contract: Document) -> Document:
    """Return the contract with closed response schemas, so that undocumented fields are detected."""
    strict = deepcopy(contract)
    schemas = strict["components"]["schemas"]
    answers = [operation["responses"] for path in strict["paths"].values() for operation in path.values()]
    for name in referenced_names(answers, schemas):
        if "properties" in schemas[name] and name != "Problem":  # some problems have extra members
            schemas[name]["additionalProperties"] = False
    return strict
