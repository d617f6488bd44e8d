# Every command of this repository. `make` alone prints them; nothing has to be installed
# first but make, bash and a Python of at least 3.11 (with its venv module).

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# Written last by the installation, so that a broken one is done again.
INSTALLED := .venv/.installed

# The first Python on this machine that is new enough.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$name" && break; done)
# Used where the machine has no uv; pip takes over where this cannot be installed.
UV_VERSION := 0.13.9

# Tests run in this many processes, each with a database of its own: one for each processor,
# but never under three, because most of a journey's time is waiting.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1); \
	echo $$(( cores < 3 ? 3 : cores )))
PYTEST_FLAGS ?=
# Paths whose branches the tests must cover completely, in process.
COVERED := src/permsync/rules/**,src/permsync/hosts/**,src/permsync/oauth2/**,src/permsync/flows/**

# $(call step,name,command) says what runs, runs it, and says how long it took.
step = @printf '\n== %s\n' '$(1)'; SECONDS=0; $(2); printf '== %s: ok, %d s\n' '$(1)' "$$SECONDS"

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ See it work
.PHONY: demo bench chaos
demo: $(INSTALLED) ## pretend code hosts, database, service and sample people (CHECK=1: no person, exit code)
	@$(BIN)/permsync demo $(if $(CHECK),--check)

bench: $(INSTALLED) ## every benchmark in bench/, one after the other
	@for file in bench/[!_]*.py; do printf '\n== %s\n' "$$file"; PYTHONPATH=. $(BIN)/python "$$file"; done

chaos: $(INSTALLED) ## every fault against every token policy, an hour at most (QUICK=1, RESUME=1, OUT=file, FAULT=words)
	@$(BIN)/python -m tests.chaos.matrix $(if $(QUICK),--quick) $(if $(RESUME),--resume) \
		$(if $(OUT),--out "$(OUT)") $(if $(FAULT),--fault "$(FAULT)")

##@ Change it
.PHONY: test battery fix browser
test: $(INSTALLED) browser ## everything that CI checks; stops at the first failure
	$(call step,format,$(BIN)/ruff format --check --quiet .)
	$(call step,lint,$(BIN)/ruff check --quiet .)
	$(call step,types,$(BIN)/mypy)
	$(call step,imports,$(BIN)/lint-imports --no-logo)
	$(call step,tests,$(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist worksteal \
		--cov --cov-report= $(PYTEST_FLAGS))
	$(call step,chaos (quick),$(BIN)/python -m tests.chaos.matrix --quick)
	$(call step,coverage (gate),$(BIN)/coverage report --include="$(COVERED)" --fail-under=100)

battery: $(INSTALLED) ## what every host file does in every case of the contract, as a table (KIND=github)
	@$(BIN)/python -m tests.hosts.battery $(if $(KIND),--kind "$(KIND)")

# Debian's own, because it comes with security updates and without a download of its own.
browser: ## the Chromium that the browser journeys drive (installed where we may: root, apt-get)
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "make: the browser journeys drive Chromium, and there is none on the PATH;" \
			"install it (Debian: apt-get install chromium)" >&2; exit 1; \
	fi; \
	echo "Installing Debian's chromium"; export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null

fix: $(INSTALLED) ## format, and correct what the linter can correct
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/ruff check .

##@ Keep it current
.PHONY: lock openapi-github screens clean
lock: $(INSTALLED) ## pin the dependencies by hash in requirements.lock (UPGRADE=1: the newest allowed)
	@uv=$$(command -v uv || echo .uv/bin/uv); "$$uv" pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes $(if $(UPGRADE),--upgrade) --group dev \
		pyproject.toml --output-file requirements.lock --custom-compile-command "make lock"

openapi-github: $(INSTALLED) ## refresh the extract of GitHub's API description that the simulator is checked against
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	(cd "$$folder" && npm pack --silent @octokit/openapi >/dev/null && tar xzf *.tgz); \
	$(BIN)/python tests/simulator/kinds/github/openapi/reduce.py "$$folder/package"

screens: $(INSTALLED) browser ## take the pictures in docs/screens/: every page and state, light, dark and narrow
	@$(BIN)/python -m docs.take_screens

clean: ## remove everything that these commands made
	@rm -rf .venv .uv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf .coverage .coverage.* build dist
	@find src tests bench -type d -name __pycache__ -prune -exec rm -rf {} +

# Installs exactly the artefacts that requirements.lock names, then this project without
# its dependencies. The build backend is one of those artefacts, so nothing unpinned runs.
# Everything is compiled once here: elsewhere Python may be told to write nothing, and would
# compile for seconds at every start.
$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: needs Python 3.11 or newer on the PATH" >&2; exit 1; }
	@if ! uv --version >/dev/null 2>&1 && [ ! -x .uv/bin/uv ]; then \
		echo "Fetching uv into .uv"; \
		"$(PYTHON)" -m venv .uv && .uv/bin/python -m pip install --quiet "uv==$(UV_VERSION)" \
		|| { echo "No uv to be had: installing with pip"; rm -rf .uv; }; \
	fi
	@if uv --version >/dev/null 2>&1; then uv=uv; else uv=.uv/bin/uv; fi; \
	if "$$uv" --version >/dev/null 2>&1; then \
		[ -x $(BIN)/python ] || "$$uv" venv --quiet --python "$(PYTHON)" .venv; \
		install=("$$uv" pip install --quiet --compile-bytecode --python $(BIN)/python); \
	else \
		[ -x $(BIN)/python ] || "$(PYTHON)" -m venv .venv; \
		install=($(BIN)/python -m pip install --quiet --disable-pip-version-check); \
	fi; \
	echo "Installing into .venv what requirements.lock names"; \
	"$${install[@]}" --require-hashes -r requirements.lock; \
	"$${install[@]}" --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q src
	@touch $@
