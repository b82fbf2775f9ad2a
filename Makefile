# All set-up is in two commands: `make demo` and `make test`.  Needed: Python >= 3.10, git, make.

VENV := .venv
PY   := $(VENV)/bin/python
# Much of a test's time is waiting for servers and processes: more workers than cores.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-all faults bench lint types floors

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

venv: $(VENV)/.dev ## make .venv with everything for development

demo: $(VENV)/.demo ## run the quickstart and show the tree of runs it made
	$(PY) examples/quickstart.py

test: $(VENV)/.dev ## run the tests that take minutes
	$(PY) -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-all: $(VENV)/.frameworks ## run all tests, those with the models of XGBoost, LightGBM, PyTorch and Keras too
	$(PY) -m pytest

faults: $(VENV)/.dev ## kill writers and shippers in 1,000 rounds while the store comes and goes
	$(PY) -m tests.faults.rounds

bench: $(VENV)/.bench ## measure against MLflow and other trackers, as ratios in one run
	$(PY) -m tests.bench

lint: $(VENV)/.dev ## check style and format
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

types: $(VENV)/.dev ## check types, in the package and as a user sees them
	$(PY) -m mypy
	$(PY) -m pyright

floors: $(VENV)/.dev ## check that imports go down only
	$(VENV)/bin/lint-imports --no-logo

# A stamp is newer than pyproject.toml once the install went through, so that a second call is quick.
$(VENV)/.dev: pyproject.toml | $(PY)
	$(call install,-e ".[cli$(comma)demo]" --group dev)
	@touch $@ $(VENV)/.demo

# PyPI's PyTorch brings gigabytes of CUDA to Linux.
$(VENV)/.frameworks: $(VENV)/.dev
	$(call install,--group frameworks)
	@{ $(call pip,torch --index-url $(TORCH)); } || echo "no torch from $(TORCH): the tests with it are left out" >&2
	@touch $@

# Lightning would bring that torch too, so it comes only with the small one; the table names who is missing.
$(VENV)/.bench: $(VENV)/.dev
	$(call install,--group bench) || echo "some trackers are left out" >&2
	@{ $(call pip,torch --index-url $(TORCH)) && $(call pip,"pytorch-lightning>=2.2"); } \
	  || echo "no torch from $(TORCH): Lightning is left out" >&2
	@touch $@

$(VENV)/.demo: pyproject.toml | $(PY)
	$(call install,-e ".[demo]")
	@touch $@

# A name on the PATH may be a shim for a version that is not there: each candidate has to run.
$(PY):
	@for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue; \
	  echo "making $(VENV) with $$($$python --version)"; \
	  if command -v uv >/dev/null; then uv venv --quiet --python "$$(command -v $$python)" $(VENV); \
	  else $$python -m venv $(VENV); fi && exit 0; \
	  rm -rf $(VENV); exit 1; \
	done; \
	echo "tracked needs Python 3.10 or newer, and found none as python3, python3.14 ... python3.10 on the PATH." >&2; \
	exit 1

comma := ,
TORCH := https://download.pytorch.org/whl/cpu

pip = if command -v uv >/dev/null; then uv pip install --quiet --python $(PY) $(1); \
	else $(PY) -m pip install --quiet --upgrade "pip>=25.1" && $(PY) -m pip install --quiet $(1); fi

define install
	@echo "installing; the first time this takes a few minutes"
	@$(call pip,$(1))
endef
