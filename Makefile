# All set-up is in two commands: `make demo` and `make test`.  Needed: Python >= 3.10, git, make.

VENV := .venv
PY   := $(VENV)/bin/python
AZURE := .venv-azure
# Much of a test's time is waiting for servers and processes: more workers than cores.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help venv demo docs test test-all test-azure faults bench lint types floors

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' Makefile

venv: $(VENV)/.dev ## make .venv with everything for development

demo: $(VENV)/.demo ## run the quickstart and show the tree of runs it made
	$(PY) examples/quickstart.py

docs: $(VENV)/.docs ## make the reference from the code, and the site in build/docs
	$(PY) docs/reference/make.py
	$(PY) -m sphinx --quiet --fail-on-warning --keep-going -b html docs build/docs
	@echo "build/docs/index.html"

test: $(VENV)/.dev ## run the tests that take minutes
	$(PY) -m pytest -m "not slow" -n $(WORKERS) --dist loadfile

test-all: $(VENV)/.frameworks $(VENV)/.docs ## run all tests, those with the models of XGBoost, LightGBM, PyTorch and Keras too
	$(PY) -m pytest -n $(WORKERS) --dist loadfile
	$(MAKE) test-azure

test-azure: $(AZURE)/.done $(AZURE)-newest/.done ## run the tests of Azure ML with its own clients, against an emulator
	$(call azure_tests,$(AZURE))
	$(call azure_tests,$(AZURE)-newest)

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
	$(call install,-e ".[demo]" --group dev)
	@touch $@ $(VENV)/.demo

$(VENV)/.docs: $(VENV)/.dev
	$(call install,--group docs)
	@touch $@

# PyPI's PyTorch brings gigabytes of CUDA to Linux.
$(VENV)/.frameworks: $(VENV)/.dev
	$(call install,--group frameworks --group clusters --group browser --group papermill)
	@{ $(call pip,torch --index-url $(TORCH)) && $(call pip,"accelerate>=1" "pytorch-lightning>=2.2"); } \
	  || echo "no torch from $(TORCH): the tests with it are left out" >&2
	@touch $@

# The versions that Azure's plugin asks for, and beside them the newest MLflow, which it does not allow itself:
# installed by itself, MLflow is taken as it is, and what the plugin asks for is no more than a complaint of pip's.
$(AZURE)/.done: pyproject.toml | $(PY)
	$(call venv,$(AZURE))
	$(call into,$(AZURE),-e ".[azure]" --group azure)
	@touch $@

$(AZURE)-newest/.done: pyproject.toml | $(PY)
	$(call venv,$(AZURE)-newest)
	$(call into,$(AZURE)-newest,-e ".[azure]" --group azure)
	$(call into,$(AZURE)-newest,--upgrade mlflow)
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

# All against an Azure without MLflow 3's logged models; then, but for what cannot tell the two apart, one with them.
define azure_tests
	$(1)/bin/python -m pytest tests/azure -n $(WORKERS) --dist loadfile
	EMULATED_LOGGED_MODELS=1 $(1)/bin/python -m pytest tests/azure/genuine -m "not either_way" -n $(WORKERS) --dist loadfile
endef

TORCH := https://download.pytorch.org/whl/cpu

pip = $(call pip_of,$(PY),$(1))
pip_of = if command -v uv >/dev/null; then uv pip install --quiet --python $(1) $(2); \
	else $(1) -m pip install --quiet --upgrade "pip>=25.1" && $(1) -m pip install --quiet $(2); fi
into = @echo "installing into $(1); the first time this takes a few minutes"; $(call pip_of,$(1)/bin/python,$(2))
venv = @if command -v uv >/dev/null; then uv venv --quiet --allow-existing --python $(PY) $(1); \
	else $(PY) -m venv $(1); fi

define install
	@echo "installing; the first time this takes a few minutes"
	@$(call pip,$(1))
endef
