PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: run test lint bench engines fuzz docs

run: .venv/run  ## find threats in the sample logs
	$(BIN)/trailhound run tests/logs/public

test: lint  ## what CI runs; on a machine without Java 24 all but `make engines`
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 40 --durations-min 10

lint: .venv/dev .venv/checkov/done
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models detections
	.venv/checkov/bin/checkov --skip-download --quiet --compact --framework cloudformation --file deploy/cloudformation.yml

bench: .venv/dev  ## measure against what people use now, side by side
	$(BIN)/python -m bench

engines: .venv/dev  ## the same results on a real Trino and through dbt-athena, of all detections
	TRAILHOUND_EVERY_DETECTION=1 $(BIN)/pytest tests/engines

fuzz: .venv/dev  ## the reader against broken bytes, for ten minutes
	TRAILHOUND_FUZZ_SECONDS=600 $(BIN)/pytest -s tests/load/test_fuzz.py

docs: .venv/dev  ## rewrite the generated parts of the documentation
	$(BIN)/trailhound list --write-catalogue --quiet >/dev/null
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/screenshots.py >/dev/null

.venv/run: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: .venv/run pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[athena,trino,s3,xlsx,notify,mcp,sigma,dev]'
	touch $@

# Apart: it wants an older client of AWS.
.venv/checkov/done:
	$(PYTHON) -m venv .venv/checkov
	.venv/checkov/bin/pip install --quiet --disable-pip-version-check 'checkov>=3.2'
	touch $@
