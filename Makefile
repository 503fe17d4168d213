.PHONY: run test check docs bench image

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

bench:      ## measure against a bare Starlette endpoint
	$(PYTHON) -m benchmarks

image:      ## build the container image
	docker build -t segment-sandbox .
