# make demo: clean a clip and look at it.   make test: every check that CI runs.   make env: only the environment.
# Works on a bare Debian 12: what Python's venv lacks there is installed when this is run as root.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
LEARNED := $(VENV)/.learned

.PHONY: env demo test lint

env: $(READY)

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { apt-get update -q && apt-get install -qy python3-venv; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# Tests of networks need torch; where it cannot be had, they are skipped and say so.
$(LEARNED): $(READY)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[dev,learned]' && touch $@ || \
		echo "torch cannot be installed: the tests of networks will be skipped"

demo: env
	$(VENV)/bin/cleanplate demo

lint: env
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

test: lint $(LEARNED)
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -q -n auto --dist loadfile
