# The only list of commands. Bare `make` prints it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
UV := $(BIN)/uv
COMPOSE := docker compose

# Holds the locks' state that $(VENV) was made from.
STAMP := $(VENV)/.installed

# More arguments for pytest, such as `make unit ARGS="-k router -x"`.
ARGS ?=

##@ Start here

.PHONY: help
help: ## print this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: $(STAMP) ## make .venv with everything in it; nothing to do while the locks are unchanged
	@$(PY) -m tools.prepare --look

.PHONY: demo
demo: $(STAMP) ## run the whole path on this machine with sample calls
	@$(PY) -m tools.prepare
	@$(BIN)/whistle demo

.PHONY: test
test: $(STAMP) ## run all tests; PostgreSQL and Kafka are started by the tests themselves
	@$(PY) -m tools.prepare --browser
	$(PY) -m pytest -m "not compose" $(ARGS)

##@ While working

.PHONY: unit
unit: $(STAMP) ## run the tests that need neither PostgreSQL nor Kafka: seconds
	$(PY) -m pytest -m "not postgres and not kafka and not stack and not compose and not browser" $(ARGS)

.PHONY: fmt
fmt: $(STAMP) ## format the code and fix what can be fixed safely
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(STAMP) ## check format and style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: $(STAMP) ## check types
	$(BIN)/mypy

.PHONY: imports
imports: $(STAMP) ## check who may import whom
	$(BIN)/lint-imports --no-cache --no-logo

.PHONY: generate
generate: $(STAMP) ## write docs/events, docs/openapi, docs/lifecycle.md and docs/reference.md from the code
	$(PY) -m tools.generate

.PHONY: verify
verify: $(STAMP) ## fail if a generated file is stale, naming it
	$(PY) -m tools.generate --check

.PHONY: check
check: lint types imports verify test ## everything CI checks, word for word; cheap things first

.PHONY: lock
lock: $(STAMP) ## renew requirements/*.lock from requirements/*.in
	for name in run dev; do \
		$(UV) pip compile --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header --quiet requirements/$$name.in -o requirements/$$name.lock; \
	done

##@ In containers

.PHONY: up
up: ## build the images and start everything; returns once all is healthy
	$(COMPOSE) up --build --detach --wait

.PHONY: down
down: ## stop the containers; data stays in the volumes
	$(COMPOSE) down

.PHONY: smoke
smoke: $(STAMP) ## run the few tests that need a container engine
	$(PY) -m pytest -m compose tests/compose $(ARGS)

##@ Now and then

.PHONY: bench
bench: $(STAMP) ## measure a stack that `whistle up` is running; figures stay in benchmarks/results
	$(PY) -m benchmarks.path $(ARGS)

.PHONY: clean
clean: ## remove what tools leave behind; not .venv, not your data
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# uv is the first thing installed, by the pip that venv brings, from its own lines of the lock.
# The project's build needs setuptools: the locked one if the lock has it, else a fresh one.
$(STAMP): requirements/dev.lock pyproject.toml tools/find-python
	@python=$$(tools/find-python); \
	echo "Setting up $(VENV) with $$python ..."; \
	test -x $(PY) || "$$python" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "python -m venv failed: on Debian and Ubuntu install python3-venv" >&2; exit 1; }
	@sed -n '/^uv==/,/^[^ ]/{/^uv==/p;/^ /p}' requirements/dev.lock > $(VENV)/uv.lock
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(VENV)/uv.lock
	@$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.lock
	@$(UV) pip install --quiet --python $(PY) --no-deps \
		$(if $(shell grep -s '^setuptools==' requirements/dev.lock),--no-build-isolation) --editable .
	@touch $@
