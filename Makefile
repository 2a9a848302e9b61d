# make study   set up, run the quick study, write its report
# make test    set up, run the tests

PYTHON := .venv/bin/python
SUITE := .venv/bin/suite
INSTALLED := .venv/.installed

.PHONY: study test lint chaos clean

study: $(INSTALLED)
	$(SUITE) run studies/quick.yaml
	$(SUITE) report studies/quick.yaml

test: $(INSTALLED)
	$(PYTHON) -m pytest -n 2 --dist loadfile

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

chaos: $(INSTALLED)
	$(PYTHON) -m tests.cluster.chaos --kills 50

$(INSTALLED): pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install --quiet --editable '.[test]'
	touch $(INSTALLED)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
