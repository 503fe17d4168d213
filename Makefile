# On a fresh machine `make run` sets everything up and serves; `make test` sets everything up, browser included, and tests.
.PHONY: run test quick check docs constraints bench image lowest newest

VENV ?= .venv
READY = $(VENV)/ready
NPM = tests/guards/npm/node_modules/ready tests/foreign/npm/node_modules/ready
CORE_TESTS = pytest pytest-xdist hypothesis

run: $(READY)        ## serve the API
	$(VENV)/bin/segment-sandbox serve

test: $(READY) $(NPM) ## run all tests
	@.ci/packages tests
	$(VENV)/bin/pytest

quick: $(READY)      ## run the tests that need no browser and take no seconds
	$(VENV)/bin/pytest -m "not browser and not slow"

check: $(READY)      ## style, types, floors; `make test` has them too
	$(VENV)/bin/pytest tests/guards/test_style.py

docs: $(READY)       ## make anew what is made from the product: the tables of README and docs, the client's methods
	$(VENV)/bin/python -m tests.guards.guide
	$(VENV)/bin/python -m tests.guards.client_code

constraints: $(READY) ## pin the versions that are installed here
	$(VENV)/bin/pip freeze --exclude-editable > constraints.txt

bench: $(READY)      ## measure what a call costs; BENCH=--quick takes a minute, docs/benchmarks.md has more
	$(VENV)/bin/python -m benchmarks $(BENCH)

image:               ## build the container image
	docker build -t segment-sandbox .

lowest newest: %: $(VENV)-%/ready ## run the core's tests with the lowest, or the newest, versions that pyproject.toml allows
	$(VENV)-$*/bin/pytest tests/core

$(NPM): %/node_modules/ready: %/package.json
	@.ci/packages tests
	npm install --prefix $* --no-package-lock --ignore-scripts --no-audit --no-fund --silent
	touch $@

$(READY): pyproject.toml constraints.txt
	@.ci/packages
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[dev]'
	touch $@

$(VENV)-lowest/ready $(VENV)-newest/ready: $(VENV)-%/ready: pyproject.toml .ci/bounds
	@.ci/packages
	python3 -m venv $(VENV)-$*
	python3 .ci/bounds $* > $(VENV)-$*/constraints.txt
	$(VENV)-$*/bin/pip install -q -U -c $(VENV)-$*/constraints.txt -e . $(CORE_TESTS)
	touch $@
