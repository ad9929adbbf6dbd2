# Everything a person or a machine does with this project, by name.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

help: ## List what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

up: $(READY) ## Start everything with demo listings (LISTINGS=3000), until Ctrl-C
	@exec $(BIN)/python -m embedded up

test: $(READY) ## Run the test suite on servers of its own, or some of it (ARGS="tests/indexer")
	@$(BIN)/python -m tests.suite $(ARGS)

steady: $(READY) ## Find unsteady tests: three rounds of two suites at once, on a machine that is kept busy
	@$(BIN)/python -m tests.suite steady $(ARGS)

check: $(READY) ## What CI checks: format, lint, types, import contract, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test

fix: $(READY) ## Format, and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: $(READY) ## Write docs/openapi.json from the code, and its TypeScript types if npm is installed
	$(BIN)/casabricks openapi > docs/openapi.json
	@if command -v npm > /dev/null; then $(TYPES); else echo "docs/client/api.d.ts needs npm: apt install npm"; fi
TYPES := npm install --silent --prefix docs/client && npm run --silent --prefix docs/client types

contract: $(READY) ## Test the API against its contract alone, with EXAMPLES=200 cases for each operation
	EXAMPLES=$(or $(EXAMPLES),200) $(BIN)/pytest -n 0 --timeout 3600 tests/contract/test_conformance.py $(ARGS)

reindex: $(READY) ## Build the search index of a running `make up` anew
	@exec $(BIN)/indexer reindex

faults: $(READY) ## Kill, cut off and slow down processes and stores, for an hour or two (SEEDS=50, from SEED=1)
	SEEDS=$(or $(SEEDS),50) SEED=$(or $(SEED),1) SLOWNESS=$(or $(SLOWNESS),1) \
	  $(BIN)/pytest -n 0 -m 'faults or not faults' tests/faults $(ARGS)

soak: $(READY) ## Ten minutes of mixed load (SOAK_S=600), in which memory and open files must stay flat
	SOAK_S=$(or $(SOAK_S),600) $(BIN)/pytest -n 0 tests/journeys/test_soak.py $(ARGS)

bench: $(READY) ## Measure guided search (LISTINGS=100000); `python -m bench` measures the rest
	$(BIN)/python -m bench guided --listings $(or $(LISTINGS),100000)

profile: $(READY) ## Write profile.svg: where the time of a search goes (SEARCH=guided, listings, map, suggest or kept)
	$(BIN)/python -m bench profile $(or $(SEARCH),guided) --listings $(or $(LISTINGS),100000)

reset: $(READY) ## Delete the data of `make up`, after asking
	$(BIN)/python -m embedded reset

lock: $(READY) ## Pin the newest versions that pyproject.toml allows, with hashes
	$(BIN)/uv pip compile $(LOCK_FLAGS) pyproject.toml -o requirements/app.txt
	$(BIN)/uv pip compile $(LOCK_FLAGS) --extra dev -c requirements/app.txt pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile $(LOCK_FLAGS) --extra observability -c requirements/dev.txt pyproject.toml -o requirements/image.txt
	echo hatchling | $(BIN)/uv pip compile $(LOCK_FLAGS) --no-annotate -c requirements/dev.txt - -o requirements/build.txt
LOCK_FLAGS := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# uv installs in seconds what pip takes a minute for; where it cannot, pip does.
$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 2; }
	@echo "installing the locked requirements into .venv"
	@$(PYTHON) -m venv .venv \
	  || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 2; }
	@$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt \
	  && $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt \
	  || $(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

.PHONY: help up test steady check fix openapi contract reindex faults soak bench profile reset lock
