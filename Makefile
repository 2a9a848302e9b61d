# make study   set up, run the quick study, write its report
# make quick   set up, run the tests that need no Ray, browser, LaTeX or object store (a minute)
# make test    set up, run all tests
# make lint    set up, check style and types
# make wheel   build the wheel, install it in an environment of its own, call it
# make chaos   kill a study's processes at 50 random moments, compare with an undisturbed study

PYTHON := .venv/bin/python
SUITE := .venv/bin/suite
INSTALLED := .venv/.installed
INSTALL ?= $(PYTHON) -m pip install --quiet

.PHONY: study quick test lint wheel chaos clean

study: $(INSTALLED)
	$(SUITE) run studies/quick.yaml
	$(SUITE) report studies/quick.yaml

# Collecting takes as long as many tests do, so the Ray tests are not even collected.
quick: $(INSTALLED)
	$(PYTHON) -m pytest -n 2 --dist loadfile --hypothesis-profile quick --ignore tests/cluster \
		-m "not (ray or slow or external)"

# In the order of the files: those of tests/cluster, which take longest, begin first.
test: $(INSTALLED)
	$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

wheel:
	rm -rf build dist
	python3 -m pip wheel --quiet --no-deps --wheel-dir dist .
	python3 -m venv build/installed
	build/installed/bin/python -m pip install --quiet dist/*.whl
	cd build && installed/bin/suite --version
	cd build && installed/bin/suite methods
	cd build && installed/bin/suite check ../studies/quick.yaml

chaos: $(INSTALLED)
	$(PYTHON) -m tests.cluster.chaos --kills 50

$(INSTALLED): pyproject.toml
	python3 -m venv .venv
	$(INSTALL) --editable '.[test]'
	touch $(INSTALLED)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
