.PHONY: run test check docs constraints bench image

PYTHON ?= .venv/bin/python

run:        ## serve the API
	$(PYTHON) -m sandbox serve

test:       ## run all tests
	$(PYTHON) -m pytest

check:      ## style, types, floors, tests
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(dir $(PYTHON))lint-imports
	$(PYTHON) -m pytest

docs:       ## make the README's tables anew
	$(PYTHON) -m tests.guards.readme

constraints: ## pin the versions that are installed here
	$(PYTHON) -m pip freeze --exclude-editable > constraints.txt

bench:      ## measure against a bare Starlette endpoint
	$(PYTHON) -m benchmarks

image:      ## build the container image
	docker build -t segment-sandbox .
