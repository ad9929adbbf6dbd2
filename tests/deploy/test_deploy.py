"""The files for Docker, Prometheus and Grafana match the code; no Docker engine is needed."""

import json
import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from typer.main import get_command

import indexer.cli
import server.cli
from indexer.metrics import Metrics as IndexerMetrics
from schemas.settings import Settings
from schemas.settings_example import COMPOSE, example
from server.app import create_app
from tasks.metrics import Metrics as WorkerMetrics
from tests.deploy.queries import metrics_in
from tests.server.conftest import Api, served

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "index", "api", "worker", "indexer")
SETTINGS = {name.upper() for name in Settings.model_fields}
COMMANDS = {"casabricks": get_command(server.cli.app), "indexer": get_command(indexer.cli.app)}


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


COMPOSED = read("docker-compose.yml")
SERVICES = COMPOSED["services"]
RULES = [rule for group in read("deploy/alerts.yml")["groups"] for rule in group["rules"]]
PANELS = json.loads((ROOT / "deploy/grafana/dashboards/casabricks.json").read_text())["panels"]
QUERIES = [rule["expr"] for rule in RULES] + [
    target["expr"] for panel in PANELS for target in panel.get("targets", ())
]


def test_the_compose_file_is_one_by_its_specification():
    schema = json.loads((files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(COMPOSED)] == []


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_our_services_is_a_setting_and_has_a_good_value(name: str):
    given = SERVICES[name]["environment"]
    assert set(given) - SETTINGS == set()
    values = {variable.lower(): filled(str(value)) for variable, value in given.items()}
    read = Settings(_env_file=None, **values)
    assert {
        each: str(getattr(read, each)) for each in ("api_port", "worker_metrics_port", "environment")
    } == {
        "api_port": "8000",
        "worker_metrics_port": "9465",
        "environment": "production",
    }


def test_searches_of_one_address_are_limited():
    given = SERVICES["api"]["environment"]
    read = Settings(**{name: filled(given[name.upper()]) for name in ("search_rate", "search_burst")})
    assert (read.search_rate, read.search_burst) == (10, 40)


def filled(value: str) -> str:
    """Replace variables with their defaults, and required ones with a secret."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{\w+:\?[^}]*\}", "0123456789abcdef0123456789abcdef", value)


def test_whatever_must_be_given_is_in_the_example_and_has_no_default():
    text = (ROOT / "docker-compose.yml").read_text()
    asked = dict(re.findall(r"\$\{(\w+):([-?])", text))
    assert set(asked) - SETTINGS == set(COMPOSE)
    secrets = {name for name in asked if re.search("PASSWORD|SECRET|TOKEN|KEY", name)}
    assert {asked[name] for name in secrets} == {"?"}
    literal = re.findall(r"^ +\w*(?:PASSWORD|SECRET|TOKEN|ACCESS_KEY)\w*: (?!\$\{)(\S+)", text, re.MULTILINE)
    assert literal == []


def test_the_example_is_what_the_settings_are():
    assert (ROOT / ".env.example").read_text() == example()
    assert set(re.findall(r"^#?([A-Z0-9_]+)=", example(), re.MULTILINE)) == SETTINGS | set(COMPOSE)


def commands_of(service: dict[str, Any]) -> list[list[str]]:
    command = service["command"]
    if command[:2] != ["sh", "-c"]:
        return [command]
    return [shlex.split(part) for part in re.split(r"\|\||&&", command[2])]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours(name: str):
    for program, command, *options in commands_of(SERVICES[name]):
        known = COMMANDS[program].commands[command]
        assert set(options) <= {option for parameter in known.params for option in parameter.opts}


def test_programs_of_the_image_are_ours():
    scripts = (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[2]
    assert set(re.findall(r"^(\w+) = ", scripts.partition("\n[")[0], re.MULTILINE)) == set(COMMANDS)
    last = (ROOT / "Dockerfile").read_text().rpartition("CMD ")[2]
    assert json.loads(last) == SERVICES["api"]["command"]


def test_whoever_is_scraped_listens_there():
    environment = SERVICES["api"]["environment"]
    asked = {
        job["job_name"]: (job["static_configs"][0]["targets"], job.get("metrics_path", "/metrics"))
        for job in read("deploy/prometheus.yml")["scrape_configs"]
    }
    assert asked == {
        "api": ([f"api:{environment['API_PORT']}"], "/metrics"),
        "indexer": ([f"indexer:{environment['INDEXER_METRICS_PORT']}"], "/metrics"),
        "worker": ([f"worker:{environment['WORKER_METRICS_PORT']}"], "/metrics"),
    }
    assert environment["API_URL"] == f"http://api:{environment['API_PORT']}"


def test_health_is_asked_where_we_answer(settings: Settings):
    application = create_app(settings, "deployed")
    routes = {f"/{route.path}" for route in application.router.routes}
    environment = SERVICES["api"]["environment"]
    asked = {
        name: re.findall(r"127\.0\.0\.1:(\d+)(/\w+)", " ".join(SERVICES[name]["healthcheck"]["test"]))
        for name in ("api", "worker", "indexer")
    }
    assert asked == {
        "api": [(environment["API_PORT"], "/readyz")],
        "worker": [(environment["WORKER_METRICS_PORT"], "/metrics")],
        "indexer": [(environment["INDEXER_METRICS_PORT"], "/metrics")],
    }
    assert "/readyz" in routes


def test_every_service_has_limits_and_those_that_stay_a_health_check():
    assert {name for name, service in SERVICES.items() if "deploy" not in service} == set()
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == {
        "bucket", "migrate", "index",
    }  # fmt: skip
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert all("127.0.0.1" in port for port in published)


@pytest.fixture
async def exported(settings: Settings) -> set[str]:
    """Names of all samples that the API, the indexer and the worker may export."""
    names: set[str] = set()
    async with served(settings, "exporting") as api:
        await ask_once(api)
        told = (await api.get("/metrics")).body
    for text in (told, *(generate_latest(each.registry) for each in (IndexerMetrics(), WorkerMetrics()))):
        for family in text_string_to_metric_families(text.decode()):
            names |= {family.name + ending for ending in ENDINGS[family.type]}
    return names


ENDINGS = {"gauge": ("",), "counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


async def ask_once(api: Api) -> None:
    assert (await api.get("/no-such-page")).status == 404


async def test_rules_and_panels_ask_for_metrics_that_are_there(exported: set[str]):
    asked = {name for query in QUERIES for name in metrics_in(query)}
    assert asked - exported == {"up"}
    assert len(asked) > 30


async def test_every_metric_of_ours_is_shown_or_explained(exported: set[str]):
    shown = {family(name) for query in QUERIES for name in metrics_in(query)}
    explained = (ROOT / "docs/operations.md").read_text()
    ours = {family(name) for name in exported if name.startswith("casabricks_")}
    assert {name for name in ours - shown if name not in explained} == set()


def family(name: str) -> str:
    return re.sub("_(total|bucket|sum|count|created)$", "", name)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('sum by (le) (rate(a_bucket{x="b", y=~"c(d)"}[5m])) > 2 and up', {"a_bucket", "up"}),
        ("histogram_quantile(0.95, sum(rate(a[1h])) by (le)) or absent(b) / on (c) d", {"a", "b", "d"}),
        ("time() - max(a:b) * 1e3", {"a:b"}),
    ],
)
def test_names_are_told_from_functions_and_labels(query: str, names: set[str]):
    assert metrics_in(query) == names


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_it_is_and_where_to_read_on(rule: dict[str, Any]):
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    text = (ROOT / page).read_text()
    section = re.search(rf"^### {rule['alert']}\n\n(.+)$", text, re.MULTILINE)
    assert section is not None
    assert anchor == rule["alert"].lower()
    assert section[1].startswith(f"`{rule['expr']}` for {rule['for']}. {rule['annotations']['summary']}")
    assert rule["labels"]["severity"] in {"page", "ticket"}


def test_grafana_finds_its_dashboard_and_its_source():
    mounted = dict(
        volume.split(":")[:2] for volume in SERVICES["grafana"]["volumes"] if volume.startswith(".")
    )
    [provider] = read("deploy/grafana/provisioning/dashboards/casabricks.yml")["providers"]
    assert mounted["./deploy/grafana/dashboards"] == provider["options"]["path"]
    [source] = read("deploy/grafana/provisioning/datasources/prometheus.yml")["datasources"]
    used = {panel["datasource"]["uid"] for panel in PANELS if "datasource" in panel}
    assert used == {source["uid"]}
    assert source["url"] == "http://prometheus:9090"


def test_the_image_is_built_from_what_is_there():
    built = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name for name in built if not (ROOT / name).exists()} == set()
    wheel = re.search(r"packages = (\[.*\])", (ROOT / "pyproject.toml").read_text())
    assert wheel is not None
    assert set(json.loads(wheel[1])) <= built
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert all((ROOT / path).exists() for path in re.findall(r"requirements/\w+\.txt", dockerfile))
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
