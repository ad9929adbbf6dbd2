"""The contract is valid and complete, and it matches the code."""

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from typer.testing import CliRunner

from schemas.api.admin.enhancement import Delivery
from schemas.errors import CasaError, Conflict, ImportRunning, MediaUnavailable, NotFound, SearchUnavailable
from server.cli import app as command
from server.context import CasaApp
from server.http.described import describes
from server.http.problems import ERRORS_BY_STATUS
from server.openapi.operations import Operation, operations, undescribed
from server.openapi.problems import every_error
from tests.contract.conftest import KEPT, Document
from tests.contract.reach import errors_below

CAUGHT: dict[type[CasaError], set[str]] = {
    # The nightly sweep finds files that cannot be deleted now; jobs run in other processes.
    MediaUnavailable: {
        "admin_enhancement_enhance",
        "admin_enhancement_undo",
        "admin_images_remove",
        "admin_imports_create",
        "webhooks_enhancement_receive",
    },
    ImportRunning: {"admin_enhancement_enhance", "admin_imports_create", "webhooks_enhancement_receive"},
    # Reported in the response, as `searchable` and as the reason.
    SearchUnavailable: {
        "admin_properties_add",
        "admin_properties_explain_link",
        "admin_properties_explain_search",
        "admin_properties_patch",
        "admin_properties_remove",
        "admin_properties_replace",
        "admin_properties_set_status",
    },
    # The row was written or requested a moment ago, so it exists.
    NotFound: {"accounts_me", "admin_imports_create", "admin_properties_add"},
    CasaError: {"webhooks_enhancement_receive"},
}
"""Errors that code below a handler may raise but that no client of it sees."""


def test_every_handler_says_what_it_is(app: CasaApp):
    assert undescribed(app) == []


def test_the_contract_is_valid_openapi(contract: Document):
    assert [error.message for error in OpenAPIV31SpecValidator(contract).iter_errors()] == []


def test_the_contract_beside_the_code_is_the_one_of_the_code():
    printed = CliRunner().invoke(command, ["openapi"])
    assert printed.exit_code == 0
    assert printed.stdout == KEPT.read_text(), "run `make openapi`"


def test_every_operation_says_what_a_client_needs(contract: Document):
    lacking = [
        f"{operation['operationId']} lacks {word}"
        for operation in every_operation(contract)
        for word in ("summary", "tags", "security", "parameters")
        if word not in operation or operation[word] == ""
    ]
    assert lacking == []
    ids = [operation["operationId"] for operation in every_operation(contract)]
    assert len(ids) == len(set(ids))


def test_every_operation_may_be_asked_too_often_or_when_a_store_is_away(contract: Document):
    for operation in every_operation(contract):
        answers = operation["responses"]
        assert {"429", "503"} <= set(answers), operation["operationId"]


def test_who_may_call_an_operation_follows_from_its_middleware(contract: Document):
    private = {
        path
        for path, methods in contract["paths"].items()
        for operation in methods.values()
        if operation["security"] == [{"bearer": []}]
    }
    assert {path for path in contract["paths"] if path.startswith("/api/v1/admin/")} < private
    assert private - {path for path in private if path.startswith("/api/v1/admin/")} == {
        "/api/v1/auth/me",
        "/api/v1/auth/logout",
        "/api/v1/auth/password",
    }
    audit = contract["paths"]["/api/v1/admin/audit"]["get"]["responses"]
    assert {"401", "403"} <= set(audit)


def test_every_example_is_one(contract: Document):
    wrong = [
        f"{error.json_path}: {error.message}"
        for schema, example in every_example(contract)
        for error in Draft202012Validator(schema | {"components": contract["components"]}).iter_errors(
            example
        )
    ]
    assert wrong == []


def test_every_json_body_and_answer_has_an_example(contract: Document):
    contents = [
        (operation["operationId"], content)
        for operation in every_operation(contract)
        for holder in (operation.get("requestBody", {}), *operation["responses"].values())
        for kind, content in holder.get("content", {}).items()
        if kind == "application/json"
    ]
    assert len(contents) > 60
    assert [name for name, content in contents if "example" not in content] == []


def test_limits_are_in_the_contract_as_large_as_they_are(contract: Document):
    price = contract["components"]["schemas"]["PriceRange"]["properties"]["max"]
    assert {"type": "integer", "minimum": 0, "maximum": 2**63 - 1} in price["anyOf"]
    pages = contract["paths"]["/api/v1/admin/properties"]["get"]["parameters"]
    assert {
        "name": "page_size",
        "in": "query",
        "schema": {"type": "integer", "default": 20, "minimum": 1, "maximum": 100},
    } in pages


def test_a_shape_that_nothing_refers_to_is_left_out(contract: Document):
    written = json.dumps(contract)
    unused = [
        name for name in contract["components"]["schemas"] if f'"#/components/schemas/{name}"' not in written
    ]
    assert unused == []


def test_an_error_that_an_operation_names_is_raised_somewhere_below_it(app: CasaApp):
    idle = {
        operation.id: never
        for operation in operations(app)
        if (never := named(operation) - errors_below(operation.handler) - set(ERRORS_BY_STATUS.values()))
    }
    assert idle == {}


def test_an_error_that_is_raised_below_an_operation_is_named_by_it(app: CasaApp):
    unnamed = {
        (error, operation.id)
        for operation in operations(app)
        for error in errors_below(operation.handler) - operation.errors
    }
    assert unnamed == {(error, name) for error, names in CAUGHT.items() for name in names}


def test_errors_are_found_however_far_down():
    @describes(Delivery)
    def handler() -> None:
        def inner() -> None:
            conflict()

        inner()

    assert errors_below(handler) == set()  # not checked, because it is in none of the product's packages
    handler.__module__ = "server.tests"
    assert errors_below(handler) == set(every_error()) & {Conflict}


def conflict() -> None:
    raise Conflict


conflict.__module__ = "services.tests"


def named(operation: Operation) -> set[type[CasaError]]:
    body = () if operation.declared.body is None else operation.declared.body.raises
    return {*operation.declared.raises, *body}.union(
        *(each.raises for each in operation.declared.conventions)
    )


def every_operation(contract: Document) -> Iterator[Document]:
    for methods in contract["paths"].values():
        yield from methods.values()


def every_example(part: Any) -> Iterator[tuple[Document, Any]]:
    if isinstance(part, list):
        for each in part:
            yield from every_example(each)
    elif isinstance(part, dict):
        if isinstance(part.get("schema"), dict):
            if "example" in part:
                yield part["schema"], part["example"]
            for shown in part.get("examples", {}).values():
                yield part["schema"], shown["value"]
        yield from every_example(list(part.values()))
