# `make` lists the targets. Needs python3.11, pip and make; everything else comes from requirements/*.lock.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3.11
UV_VERSION := 0.13.8
VENV := .venv
SPARK_VENV := .venv-spark
READER_VENV := .venv-reader
BIN := $(VENV)/bin
UV := $(BIN)/uv
PYTEST_WORKERS ?= 2
# The warehouse that `make ui` and `make dashboards` show.
WAREHOUSE ?= demo/warehouse
SQL := $(wildcard dbt_project/models dbt_project/tests/singular dbt_project/analyses)

# Nothing reports home, whichever tool it is; dbt is also told so in dbt_project.yml.
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1
# Two linting processes leave dbt's locks to the operating system, which is no news.
export PYTHONWARNINGS := ignore::UserWarning:multiprocessing.resource_tracker

# Where it is set, each of a hundred processes compiles up to 1,700 modules anew, which takes 1 to 3 s of each.
unexport PYTHONDONTWRITEBYTECODE

# $(call install,VENV,SET): the packages of a lock and the project itself. Does nothing, and asks no network, for
# what is already there. The packages that the lock holds include the build backend of the project.
define install
	@echo "installing requirements/$(2).lock into $(1)"
	@$(UV) pip install --quiet --python $(1)/bin/python --requirements requirements/$(2).lock
	@$(UV) pip install --quiet --python $(1)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
endef

# $(call venv,DIR): an empty environment. --without-pip also works where Debian's python3-venv is not installed.
define venv
	@command -v $(PYTHON) > /dev/null || { \
		echo "make: $(PYTHON) not found. Install Python 3.11, or say which one: make $(MAKECMDGOALS) PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv --without-pip $(1)
endef

.PHONY: help setup setup-dev run ui dashboards test leakage real-data lint lint-style fmt docs cards locks demo bench bench-quality bench-credit bench-daily bench-drift bench-dashboards bench-faults screenshots spark-smoke clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.run.stamp ## what running needs, in .venv; skipped when nothing changed
	@:

setup-dev: $(VENV)/.dev.stamp $(READER_VENV)/.reader.stamp ## what tests and linters need, in .venv and .venv-reader
	@:

run: ## set up, then demo company -> land -> dbt build -> summary
	@SECONDS=0; $(MAKE) setup; echo "set-up: $$SECONDS s"; \
	CLIENTELE_SETUP_SECONDS=$$SECONDS $(BIN)/clientele quickstart

ui: export CLIENTELE_HOME := $(abspath $(WAREHOUSE))
ui: setup ## Dagster's UI on 127.0.0.1:3000 over WAREHOUSE (demo/warehouse), with the runs it has had
	@DAGSTER_HOME=$$($(BIN)/python -m dagster_project.instance) \
		$(BIN)/dagster dev --host 127.0.0.1 --port 3000 --module-name dagster_project.definitions

dashboards: setup ## dashboards on 127.0.0.1:8501 over what is published of WAREHOUSE (demo/warehouse)
	@$(BIN)/clientele dashboards --home $(WAREHOUSE)

# Types are checked and SQL is linted by tests/lint, beside the other tests.
test: setup-dev lint-style ## set up, then lint and all tests
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder --durations=15 tests

leakage: setup-dev ## as-of replay and mutants: prints mutants made and killed
	@$(BIN)/python -m pytest -s tests/point_in_time

real-data: setup-dev ## load, build and reconcile the public data sets of CLIENTELE_REAL_DATA
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder tests/real_data

lint: setup-dev ## ruff, mypy, sqlfluff (dbt templater)
	@failed=; \
	$(MAKE) lint-style || failed=1; \
	$(BIN)/mypy $(wildcard clientele dagster_project dashboards) || failed=1; \
	DBT_TARGET_PATH=target/lint $(BIN)/sqlfluff lint --disable-progress-bar $(SQL) || failed=1; \
	if [ -n "$$failed" ]; then echo "make: lint found the above; 'make fmt' fixes what can be fixed" >&2; exit 1; fi

lint-style: setup-dev
	@failed=; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	if [ -n "$$failed" ]; then echo "make: 'make fmt' fixes what of the above can be fixed" >&2; exit 1; fi

fmt: setup-dev ## format Python and SQL, fix what can be fixed
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@DBT_TARGET_PATH=target/lint $(BIN)/sqlfluff fix --disable-progress-bar $(SQL)

docs: setup ## write docs/data_contract.md anew from the sources YAML
	@$(BIN)/python -m clientele.data_contract docs/data_contract.md

cards: setup ## write the figures of docs/models anew from the demo company that `make run` left
	@$(BIN)/clientele cards --home demo/warehouse

# dev is resolved first and holds the others to its versions, so that a set never changes what another one tested.
# UPGRADE=--upgrade takes the newest versions that the .in files allow.
locks: $(UV) ## resolve requirements/*.in anew into the locks
	@cd requirements; compile() { ../$(UV) pip compile --quiet --python-version 3.11 --no-header --no-emit-index-url \
		--no-emit-find-links --generate-hashes $(UPGRADE) "$$@"; }; \
	compile dev.in -o dev.lock; compile run.in -c dev.lock -o run.lock; compile spark.in -c dev.lock -o spark.lock; \
	compile bench.in -c dev.lock -o bench.lock; compile reader.in -o reader.lock; \
	compile feast.in -o feast.lock
	@! grep -nE '://|@ file|/home/|/root/' requirements/*.lock || { echo "make: a lock records an address or a path" >&2; exit 1; }

demo: setup ## only the demo company, landed in the lake of demo/warehouse; nothing is built
	@$(BIN)/clientele demo --out demo/exports
	@$(BIN)/clientele load demo/exports/mapping.yml --home demo/warehouse

bench: setup-dev ## speed against hand-written references, to bench/results.md
	@$(BIN)/python -m bench

bench-quality: setup-dev ## models beside other tools and public data, to bench/quality.md; peers in .venv-bench
	@$(BIN)/python -m bench.quality

bench-credit: setup-dev ## scoring a million applicants in SQL beside CASE queries by hand, to bench/credit.md
	@$(BIN)/python -m bench.credit

bench-daily: setup-dev ## what the daily run costs through Dagster beside bare dbt, to bench/daily.md
	@$(BIN)/python -m bench.daily

bench-drift: setup-dev ## false alarms and detection of the drift checks, to bench/drift.md; needs what `make run` left
	@$(BIN)/python -m bench.drift

bench-dashboards: setup-dev ## the dashboards over a million customers in a real browser, to bench/dashboards.md
	@$(BIN)/python -m bench.dashboards

bench-faults: setup-dev ## kill -9, full disk, corrupt files, clocks: what is lost, to bench/faults.md; an hour or two
	@$(BIN)/python -m bench.faults

screenshots: setup-dev ## pictures of the UI and the dashboards over WAREHOUSE, to docs/images (needs Debian's chromium)
	@$(BIN)/python docs/screenshots.py --home $(WAREHOUSE)
	@$(BIN)/python docs/dashboard_screenshots.py --home $(WAREHOUSE)

spark-smoke: ## SQL models on a local Spark, compared with DuckDB (needs Java 17)
	@version=$$(java -version 2>&1 | head -n 1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true); \
	if [ -z "$$version" ]; then \
		echo "make: spark-smoke needs Java 17 and found no java. Debian: apt-get install openjdk-17-jre-headless" >&2; exit 1; \
	elif [ "$$version" -lt 17 ]; then \
		echo "make: spark-smoke needs Java 17 or newer and found $$version. Put a newer java first on PATH." >&2; exit 1; \
	fi
	@$(MAKE) $(SPARK_VENV)/.spark.stamp
	@$(SPARK_VENV)/bin/python tests/spark/smoke.py
	@$(MAKE) setup-dev  # DuckDB fits the scorecard
	@$(SPARK_VENV)/bin/python tests/spark/credit.py

clean: ## remove what can be made again, environments too; the lake stays
	rm -rf $(VENV) $(SPARK_VENV) $(READER_VENV) .venv-bench .venv-feast target logs .pytest_cache .ruff_cache .mypy_cache .hypothesis *.egg-info
	rm -f warehouse/build.duckdb warehouse/build.duckdb.wal

$(UV):
	$(call venv,$(VENV))
	@$(PYTHON) -m pip --python $(BIN)/python install -qq --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.run.stamp: requirements/run.lock pyproject.toml | $(UV)
	$(call install,$(VENV),run)

$(VENV)/.dev.stamp: requirements/dev.lock pyproject.toml | $(UV)
	$(call install,$(VENV),dev)

$(SPARK_VENV)/.spark.stamp: requirements/spark.lock pyproject.toml | $(UV)
	$(call venv,$(SPARK_VENV))
	$(call install,$(SPARK_VENV),spark)

# An older DuckDB, as other clients have it, to read what is published; it gets nothing of this project.
$(READER_VENV)/.reader.stamp: requirements/reader.lock | $(UV)
	$(call venv,$(READER_VENV))
	@echo "installing requirements/reader.lock into $(READER_VENV)"
	@$(UV) pip install --quiet --python $(READER_VENV)/bin/python --requirements requirements/reader.lock
	@touch $@
