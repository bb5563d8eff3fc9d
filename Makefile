# Python >= 3.11 with venv is all a new machine needs; every target makes the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run ui test check format bench bench-quick bench-scale clean
.DELETE_ON_ERROR:

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

run: $(VENV)/installed ## run the sample's four days and print what happened
	$(BIN)/identity-pipeline run

ui: $(VENV)/installed ## open Dagster's web UI on the same history
	$(BIN)/identity-pipeline ui

# On all cores, the longest first; plain pytest runs one test after the other.
PYTEST := $(BIN)/pytest --numprocesses auto --dist loadgroup --no-loadscope-reorder

test: $(VENV)/installed ## run the tests
	$(PYTEST)

# Types are looked at beside the tests, which are several processes.
check: $(VENV)/installed ## format, lint, types, house and tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy > $(VENV)/mypy.log & types=$$!; $(PYTEST); tests=$$?; \
	wait $$types || { cat $(VENV)/mypy.log; exit 1; }; exit $$tests

format: $(VENV)/installed ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Splink is measured too where it is installed.
BENCH := $(BIN)/python -m identity_pipeline_tests.bench

bench: $(VENV)/installed ## measure against the floor and Splink, 10 k, 100 k and 1 M records
	$(BENCH)

bench-quick: $(VENV)/installed ## the same on 10 k records and the sample, under a minute
	$(BENCH) --quick

bench-scale: $(VENV)/installed ## measure long paths, large stars, shared values, 1,000 insights
	$(BIN)/python -m identity_pipeline_tests.bench.scale

clean: ## forget what runs left behind
	rm -rf data/warehouse data/published data/exports data/dagster_home data/reports data/bench
