# Two commands do all the set-up: `make benchmark` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: benchmark test coverage lint docs clean

benchmark: $(INSTALLED)
	$(BIN)/edgeopt benchmark $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 $(ARGS)

coverage: $(INSTALLED)
	$(BIN)/pip install -q -c constraints.txt pytest-cov
	HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest -q -n 2 --cov --cov-report=term:skip-covered \
	  tests/problem tests/solvers tests/mechanisms $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

docs: $(INSTALLED)
	$(BIN)/pip install -q -c constraints.txt -e ".[docs]"
	$(BIN)/mkdocs build --strict

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e ".[test]"
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info site
