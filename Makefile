# One verb per line: run, test, test-cluster, test-fast, check, fuzz, bench, evaluate, soak, spark, import-census, audit, sbom, screenshots, npm, lock, clean.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help

# Modules side by side, each in one process, more than there are cores: tests wait for much of their
# time. What a busy machine would disturb comes after them.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: help screenshots npm spark run test test-cluster test-fast check fuzz bench evaluate soak import-census audit sbom lock clean format relative

help:  ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.run  ## set everything up and serve http://127.0.0.1:8000
	@exec $(BIN)/recsvc up

test: $(VENV)/.dev  ## set everything up and run the tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not (alone or web)"
	$(BIN)/python -m pytest -m "alone or web"

test-cluster: $(VENV)/.dev  ## run the tests of the store and the worker on a cluster
	RECSVC_TEST_CLUSTER=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m "not (alone or one_server)" tests/store tests/workers

test-fast: $(VENV)/.dev  ## run the tests that need no server, browser or Node
	$(BIN)/python -m pytest $(PARALLEL) -m "not server" tests/core tests/sources tests/access tests/live tests/mail

check: $(VENV)/.dev  ## format, lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: $(VENV)/.dev  ## apply the format and the safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fuzz: $(VENV)/.dev  ## fuzz a service by its OpenAPI document, then what reads bytes from outside, SECONDS (600) each
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),600)
	$(BIN)/python -m tests.fuzzing --seconds $(or $(SECONDS),600)

bench: $(VENV)/.dev  ## measure, as ratios to a bare route in the same run (needs wrk)
	$(BIN)/python -m bench
	$(BIN)/python -m bench.durability
	$(BIN)/python -m bench.blend
	$(BIN)/python -m bench.search

soak: $(VENV)/.dev  ## load a service for MINUTES (30), its parts killed now and then
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),30)
	$(BIN)/python -m tests.soak --cluster --rounds 0 --minutes $(or $(MINUTES),30)
	$(BIN)/python -m tests.catalogues --minutes $(or $(MINUTES),30)

spark: $(VENV)/.spark  ## install the engine for a cluster, half a gigabyte, so that its tests are not skipped

import-census: $(VENV)/.dev  ## read the files of DIR and say what importing them would lose
	@$(BIN)/python -m tests.census $(DIR)

evaluate: $(VENV)/.dev  ## measure the goals of ranking quality (needs the public data sets; half an hour)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.goals

screenshots: $(VENV)/.dev  ## picture every page, on phone and desk, light and dark (needs Chromium)
	$(BIN)/python -m tests.web.shots

npm: $(VENV)/.run  ## pack the elements and the client for npm, as this version serves them
	$(BIN)/python npm/pack.py

audit: $(VENV)/.dev  ## ask for known vulnerabilities of what the lock installs (needs the network)
	$(BIN)/uv tool run pip-audit --disable-pip --require-hashes --requirement requirements.lock

sbom: $(VENV)/.run  ## write sbom.json (CycloneDX) and docs/licences.md, from the lock
	$(BIN)/python deploy/sbom.py > sbom.json

lock: $(VENV)/.dev  ## resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --output-file requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --group dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra spark --constraint requirements.lock --output-file requirements-spark.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --extra otel --extra s3 --constraint requirements-dev.lock --output-file requirements-extras.lock pyproject.toml

clean:  ## remove what was built here; the data folder stays
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "recsvc needs Python 3.11 or newer on the PATH (or PYTHON=/path/to/python3)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml hatch_build.py $(wildcard recsvc/core/compiled/kernels.[ch]) | $(VENV)/bin/python
	@echo "installing $$(grep -c == requirements.lock) packages, which takes a minute or two the first time"
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(MAKE) --no-print-directory relative
	@touch $@

# Where this checkout is, as seen from there. Python 3.11 reads these files as the locale has it, and does not
# start where that is C and the folder has a letter that is not ASCII (3.13 reads UTF-8).
relative:
	@for pth in $(VENV)/lib/python*/site-packages/_editable_impl_recsvc.pth; do [ ! -e "$$pth" ] || echo ../../../.. > "$$pth"; done

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# By uv, which does not compress the wheel that it makes of half a gigabyte only to take it apart again.
$(VENV)/.spark: requirements-spark.lock $(VENV)/.dev
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@touch $@
