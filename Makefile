# Needs Debian (12 or newer) with python3 and make; `make setup` sees to the rest.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Four at a time on two cores: certbot sleeps two seconds in each issuance.
PYTEST := pytest -n 4
# The oldest and the newest of those that are supported: what both take, those between do.
ENDS := 3.10 3.13

.PHONY: help setup packages demo sandbox test lint unit e2e pythons proof coverage bench docs clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: packages $(VENV)/installed ## get everything that the other targets need

demo: setup ## turn a site of a sandbox from http to https, and renew it; HOST=cpanel, HOST=opalstack
	$(BIN)/python -m tests.sandbox.demo $(HOST)

sandbox: setup ## start a sandbox to try certbot against, until Ctrl-C
	$(BIN)/python -m tests.sandbox

test: setup lint ## check and test everything
	$(BIN)/$(PYTEST)
	$(BIN)/python tests/pythons.py $(VENV)/pythons $(ENDS)

lint: setup ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

unit: setup ## all tests but those with certbot, CA and web servers end to end
	$(BIN)/$(PYTEST) --ignore=tests/e2e

e2e: setup ## tests with certbot, CA and web servers end to end
	$(BIN)/$(PYTEST) tests/e2e

pythons: setup ## the unit tests on each supported Python that this machine has
	$(BIN)/python tests/pythons.py $(VENV)/pythons

proof: setup ## break every call in every way, and write docs/proof.rst (hours; of one HOST: half an hour)
	$(BIN)/python -m tests.proof $(if $(HOST),--host $(HOST))

coverage: setup ## run everything, and tell which branches of the package nothing reached
	$(BIN)/coverage erase
	$(BIN)/coverage run -m $(PYTEST)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=95

docs: setup ## write the tables of options and sizes anew, and build the documentation in docs/_build
	$(BIN)/python docs/options.py
	$(BIN)/python docs/hosts.py
	$(BIN)/python docs/size.py
	$(BIN)/python -m sphinx -q -W -n docs docs/_build

bench: setup ## measure what it costs, and write docs/benchmarks-*.inc (20 minutes); HOST=cpanel: on one host
	$(BIN)/python -m tests.bench $(if $(HOST),--host $(HOST))

clean: ## remove everything that was made here
	rm -rf $(VENV) build dist docs/_build *.egg-info
	rm -rf .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache

packages:
	sh tests/packages.sh $(PYTHON)

$(VENV)/installed: setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq --disable-pip-version-check -e '.[test,sandbox]'
	touch $@
