# make run     serve the dashboard at http://localhost:8501 (PORT=8600 for another port)
# make test    every test (ARGS="tests/data_access -k plan" for some)
# make faults  an erasure's worker killed before and after each of its calls (three to five minutes)
# make check   format, lint, types
# make bench   the benchmarks, each figure beside a peer
# make audit   look the pinned packages up among known vulnerabilities (asks the Python package index)
# make lock    write requirements*.txt from requirements*.in, complete and with hashes
# make format  format, and fix what can be fixed
# make clean   remove the environment and the caches; .local, where the data is, stays
#
# Needs Python 3.11 or newer (PYTHON=… names one that is not called python3). npm is used for the local engine when there.

PYTHON ?= python3
PORT ?=
BIN := .venv/bin

.DEFAULT_GOAL := run
.PHONY: run test faults check bench audit lock format clean engine
# A recipe that fails leaves no half-made stamp.
.DELETE_ON_ERROR:

# `exec`, so that Ctrl-C and a signal to this process reach the server itself. Without PORT, Streamlit takes the next free
# port from 8501 on and prints it; a PORT that is taken is an error.
run: .venv/run engine
	@exec $(BIN)/streamlit run asgi.py $(if $(PORT),--server.port $(PORT))

# Much of a test is waiting for an engine or a browser: four at once keep two cores busy; five take longer.
test: .venv/dev engine
	@exec $(BIN)/python -m pytest $(or $(ARGS),-n 4 --dist loadgroup)

# Every call, where `make test` kills at the writes and at a few reads.
faults: .venv/dev engine
	@FAULTS=all exec $(BIN)/python -m pytest tests/data_access/erasure/faults/test_killed.py $(ARGS)

check: .venv/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright

bench: .venv/dev engine
	@exec $(BIN)/python -m benchmarks $(ARGS)

audit: .venv/dev
	@exec $(BIN)/pip-audit --strict --require-hashes --disable-pip --requirement requirements.txt

# For every platform and Python from 3.11 on. What is pinned stays; to change a version, change its pin in the .in file.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
lock: .venv/dev
	@$(LOCK) requirements.in --output-file requirements.txt
	@$(LOCK) requirements-dev.in --constraints requirements.txt --output-file requirements-dev.txt

format: .venv/dev
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

clean:
	rm -rf .venv node_modules .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps hold the time of the last install, so changed requirements install again.
.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Dynascope needs Python 3.11 or newer: install it, or name one with make PYTHON=…"; exit 1; }
	@echo "Setting up .venv (once, about a minute)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python cannot make virtual environments here: install its venv module (Debian: apt install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# The engine's binary is optional: without npm, or on a platform without a package, moto plays DynamoDB in memory.
engine:
	@if ! command -v npm >/dev/null; then \
		command -v dynoxide >/dev/null || [ -n "$$DYNASCOPE_ENGINE" ] || [ -d node_modules/@dynoxide ] || \
			echo "There is no npm here: the local tables are kept in memory, by moto."; \
	elif [ ! -e node_modules/.stamp ] || [ package.json -nt node_modules/.stamp ]; then \
		mkdir -p node_modules && npm install --silent && touch node_modules/.stamp || \
			echo "npm could not install the local engine: the local tables are kept in memory, by moto."; \
	fi
