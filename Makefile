# Everything a person or a CI job runs. Each target makes what it needs.

SHELL := /bin/bash
BATS := node_modules/bats/bin/bats

.DEFAULT_GOAL := help
.PHONY: help demo test lint golden bench faults lock engine clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.stamp ## from nothing to a running, checked sandbox
	@tools/demo.sh

test: .venv/.stamp $(BATS) ## lint, types, unit, bats and engine tests; a summary at the end
	@tools/test.sh

lint: .venv/.stamp ## the linters and the type checker only
	@tools/test.sh --lint

golden: .venv/.stamp ## writes the committed bundles anew
	@.venv/bin/python tools/golden.py

bench: .venv/.stamp .bench-venv/.stamp ## side by side with cookiecutter, copier, pyinfra, ansible and plain compose
	@tools/engine.sh ensure
	@.venv/bin/python -m bench

faults: .venv/.stamp engine ## the fault matrix: a run is struck at every command, and the host compared (hours; FLAGS="--minutes 60", then FLAGS=--resume)
	@.venv/bin/python -m tests.faults $(FLAGS)

lock: ## pins requirements.lock anew
	@tools/lock.sh

engine: ## sees to a container engine that answers
	@tools/engine.sh ensure

clean: ## removes what make made (not the sandboxes)
	rm -rf .venv .bench-venv node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/.stamp: pyproject.toml requirements.lock tools/venv.sh
	@tools/venv.sh
	@touch $@

.bench-venv/.stamp: bench/requirements.txt .venv/.stamp
	@.venv/bin/python -m venv .bench-venv
	@.bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	@touch $@

$(BATS): package.json package-lock.json tools/npm.sh
	@tools/npm.sh
	@touch $@
