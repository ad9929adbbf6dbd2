"""Documents lead to what is there: links, files and tests that they name; and folders keep their size."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOUND = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]
DOCUMENTS = sorted(path for path in FOUND if "node_modules" not in path.parts)
GUIDES = [ROOT / "docs/architecture.md", ROOT / "docs/extending.md", ROOT / "CONTRIBUTING.md"]
MOST_FILES = 15
NO_ADDRESS = re.compile(r"\]\((?!\w+://|mailto:)([^)#\s]+)")
"""A link to another file; its anchor is not compared."""
NAMED_FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+)`")
NAMED_TEST = re.compile(r"`(test_\w+)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_to_a_file(document: Path):
    links = NO_ADDRESS.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("guide", GUIDES, ids=named)
def test_every_file_that_a_guide_names_is_there(guide: Path):
    files = NAMED_FILE.findall(guide.read_text())
    assert files
    assert [path for path in files if not (ROOT / path).exists() and not path.startswith(".venv/")] == []


@pytest.mark.parametrize("guide", GUIDES, ids=named)
def test_every_test_that_a_guide_names_is_there(guide: Path):
    tests = "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    assert [name for name in NAMED_TEST.findall(guide.read_text()) if f"def {name}(" not in tests] == []


def test_every_decision_has_the_next_number():
    numbers = sorted(int(path.name.partition("-")[0]) for path in ROOT.glob("docs/adr/**/*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_no_folder_of_the_wheel_has_too_many_files():
    packages = re.search(r"^packages = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    folders = [path for name in re.findall(r'"(\w+)"', packages[1]) for path in (ROOT / name).glob("**/")]
    sizes = {named(folder): len(list(folder.glob("*.py"))) for folder in folders}
    del sizes["migrations/versions"]  # a history has no size to keep
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES} == {}
