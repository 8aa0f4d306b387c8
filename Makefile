# What a developer and .ci/run call. README.md says what each is for.
.DEFAULT_GOAL := help
BIN := .venv/bin
# Everything that is type-checked; folders that hold no Python yet are left out.
TYPED := src tests tools $(wildcard examples/*/src) $(patsubst %/,%,$(sort $(dir $(wildcard bench/*.py faults/*.py))))
# The program outside the package that holds itself to the same invariants.
INVARIANT := src $(patsubst %/,%,$(sort $(dir $(wildcard examples/*/pyproject.toml))))
PYTEST ?=

.PHONY: help setup run web api test coverage prove bench requirements lint types web-check format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv from the locked requirements (quick when nothing changed)
	@tools/setup

run: ## the platform with a demo owner and five simulated cars
	$(BIN)/openmarque up --demo

web: ## build the owner's app into the package (make setup does it too)
	@tools/web

api: ## write the app's types of the API anew: after a route or a body has changed
	@tools/web api

test: ## everything .ci/run checks, side by side on two cores; PYTEST="-k word" narrows the tests
	@$(BIN)/python -m tools.suite $(PYTEST)

coverage: ## the tests in one process, and the lines of the package that none of them reaches
	$(BIN)/python -m pytest --cov=openmarque --cov-report=term $(PYTEST)

prove: ## the same suites with a large budget: hours, not minutes
	OPENMARQUE_BUDGET=large $(BIN)/python -m pytest -n 2 -o timeout=7200 $(PYTEST)

bench: ## measure; writes docs/reference/performance.{json,md}
	$(BIN)/python -m bench

requirements: ## which clauses of REQUIREMENTS.md the last test run proved
	@$(BIN)/python -m tools.requirements

lint: ## style, import contracts, invariants
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python -m tools.lints $(INVARIANT)

types: ## mypy --strict
	$(BIN)/mypy $(TYPED)

web-check: ## the app's types, style and unit tests
	@tools/web check

format: ## lay the code out and sort its imports
	$(BIN)/ruff check --fix --select I .
	$(BIN)/ruff format .

lock: ## requirements-*.lock from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@tools/lock

clean: ## remove what tools left (not .venv, not a platform's data)
	rm -rf build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -f var/requirements.json var/web-tests.json
	find src tests tools bench faults examples -name __pycache__ -type d -prune -exec rm -rf {} +
