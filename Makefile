# make report   the main job on real data: three algorithms beside scikit-learn, one page
# make test     lint, types, import contracts, tests, notebooks, the page in a real browser
# make studies  rebuild the case studies' notebooks from their sources
# make bench    time the estimators beside scikit-learn; linear regression's memory and digits beside its peers' too
# Each target sets up what it needs, once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo )
OUT ?= workings-report

# One thread: scikit-learn's k-means gives other bits with two, and two cores are shared by the test workers.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONHASHSEED := 0

.PHONY: report test lint types contracts tests studies bench browser clean

report: .venv/.installed-report
	@$(BIN)/workings validate --out "$(OUT)"

test: lint types contracts tests

lint: .venv/.installed-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/.installed-test
	@$(BIN)/mypy

contracts: .venv/.installed-test
	@$(BIN)/lint-imports

tests: .venv/.installed-test browser
	@$(BIN)/pytest -n 2 --dist worksteal

studies: .venv/.installed-test
	@$(BIN)/python casestudies/build.py

bench: .venv/.installed-test
	@$(BIN)/python benchmarks/digits.py
	@$(BIN)/python benchmarks/linear_regression.py
	@$(BIN)/python benchmarks/k_means.py
	@$(BIN)/python benchmarks/neural_network.py

# Debian's Chromium, and the one library that playwright's driver needs beyond a bare system
browser: .venv/.installed-test
	@if ! command -v chromium >/dev/null || ! $(BIN)/playwright --version >/dev/null 2>&1; then
		echo "Installing Chromium with apt-get, to look at the page as its reader will."
		$(AS_ROOT)apt-get update -qq
		$(AS_ROOT)env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium libatomic1 >/dev/null
	fi

.venv/bin/python:
	@if ! "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo "workings needs Python 3.11 or newer; set PYTHON=/path/to/python3.11." >&2
		exit 2
	fi
	# Debian ships Python without the module that puts pip into a new environment
	if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then
		$(AS_ROOT)apt-get update -qq
		$(AS_ROOT)env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
	fi
	"$(PYTHON)" -m venv .venv

.venv/.installed-report: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing workings and what its report needs into .venv (once)."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[validate,report,cli]"
	touch $@

.venv/.installed-test: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing workings and what its tests need into .venv (once)."
	$(BIN)/pip install --quiet --constraint constraints.txt --editable ".[test]"
	touch $@ .venv/.installed-report

clean:
	@rm -rf .venv "$(OUT)" .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
