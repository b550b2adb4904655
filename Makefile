# Everything here needs Python 3.11 or newer and make, nothing else: each target
# makes the virtual environment it needs (once) and installs into it with pip.
# "make PYTHON=/path/to/python" chooses the interpreter, "make VENV=dir" the place.

VENV ?= .venv
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$python; break; fi; done)
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PROTO_VENV := .venv-proto
PEERS_VENV := .venv-peers

.DEFAULT_GOAL := help
.PHONY: help demo test lint types tox docs cli-pictures bench bench-peers dist release-check proto clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed-demo  ## run the example on this machine's Python packages, with a server of its own
	@$(BIN)/python examples/packages.py $(ARGS)

test: $(VENV)/.installed-dev  ## run the whole test suite (ARGS="-k pattern" narrows it)
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist worksteal $(ARGS)

.PHONY: contract fuzz coverage guarantees soak
contract: $(VENV)/.installed-dev  ## the contract tests on any cluster: NODES=host:port,… (without: on a development server)
	@$(BIN)/python -m tests.contract '$(NODES)' $(ARGS)

# atheris has wheels for some platforms and Pythons only; without it the mutations run alone.
fuzz: $(VENV)/.installed-dev  ## fuzz every parser and decoder for SECONDS=60 in all (ARGS="frames url": these alone)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(PIP) atheris || true
	@$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(ARGS)

coverage: $(VENV)/.installed-dev  ## branch coverage by package, processes and threads included; fails below the bars
	@$(BIN)/python -m tests.coverage $(ARGS)

guarantees: $(VENV)/.installed-dev  ## measure what docs/guarantees.rst says, and write it
	@$(BIN)/python -m tests.trust.guarantees 2>/dev/null

soak: $(VENV)/.installed-dev  ## mixed load for SECONDS=120 with node churn, every write accounted for (or NODES=host:port,…)
	@$(BIN)/python -m benchmarks.soak --seconds $(or $(SECONDS),120) $(if $(NODES),--nodes '$(NODES)') $(ARGS)

lint: $(VENV)/.installed-dev types  ## style, types, and the order of the layers
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.installed-dev  ## types alone: mypy, and that pyright infers no public type of the package
	$(BIN)/mypy
	$(BIN)/python -m tests.typing.completeness

tox: $(VENV)/.installed-dev  ## the suite on every Python found, with the newest and the oldest protobuf (ARGS="-e py312")
	@PATH="$$PATH$$(printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)" $(BIN)/tox $(ARGS)

docs: $(VENV)/.installed-docs  ## the documentation, in docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

cli-pictures: $(VENV)/.installed-dev  ## the pictures of the command's output, in docs/
	$(BIN)/python docs/cli_pictures.py

bench: $(VENV)/.installed-dev  ## measure this client (ARGS="--quick"; ARGS=--help tells what else)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: $(PEERS_VENV)/.installed  ## install the older clients, in their own environment, for bench to measure beside

dist: $(VENV)/.installed-dev  ## source distribution and wheel, in dist/
	rm -rf dist build
	$(BIN)/python -m build
	@ls -l dist

release-check: $(VENV)/.installed-dev  ## build dist/ and try it: metadata, contents, install, demo, README
	@$(BIN)/python tools/release_check.py

# A protoc of this age writes modules that import under every protobuf from 4.25 on; it leaves out the
# parameters of Mapping, without which type checkers do not know the types of messages.
proto: $(PROTO_VENV)/.installed  ## regenerate aioriak/riak_pb/*_pb2.py and .pyi from the .proto files
	$(PROTO_VENV)/bin/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. aioriak/riak_pb/*.proto
	sed -i.orig 's/_Mapping\]/_Mapping[str, object]]/g' aioriak/riak_pb/*.pyi && rm aioriak/riak_pb/*.pyi.orig

# With all that they ask for themselves, protobuf 2.5 (in pure Python) included;
# benchmarks/contestant/shim.py puts back what the standard library has lost since.
# That protobuf wants pkg_resources, which later setuptools have no more.
$(PEERS_VENV)/.installed: Makefile | $(BIN)/pip
	@echo "Making $(PEERS_VENV) ..."
	@$(BIN)/python -m venv --clear $(PEERS_VENV)
	@$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		riak==2.7.0 aioriak==0.2.0 'setuptools<81' uvloop aio-pika
	@touch $@

clean:  ## remove what was built and what the tools left behind (not the virtual environments)
	rm -rf build dist docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv*' -not -path './.tox/*' -prune -exec rm -rf {} +

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer (with its venv module) was found; try make PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0])'
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)

# uvloop and orjson are for speed; where they cannot be had the demonstration runs without.
$(VENV)/.installed-demo: pyproject.toml setup.py | $(BIN)/pip
	@echo "Installing aioriak into $(VENV) ..."
	@$(PIP) -e '.[speed]' || $(PIP) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml setup.py | $(BIN)/pip
	@echo "Installing aioriak and what its tests need into $(VENV) ..."
	@$(PIP) -e '.[dev]'
	@touch $@

$(VENV)/.installed-docs: pyproject.toml setup.py | $(BIN)/pip
	@echo "Installing aioriak and what its documentation needs into $(VENV) ..."
	@$(PIP) -e '.[docs,cli,testing]'
	@touch $@

$(PROTO_VENV)/.installed:
	@echo "Making $(PROTO_VENV) ..."
	@$(PYTHON) -m venv $(PROTO_VENV)
	@$(PROTO_VENV)/bin/python -m pip install --quiet --disable-pip-version-check 'grpcio-tools==1.60.*' 'setuptools<81'
	@touch $@
