# One word a task. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATA ?= ../shared/training

.DEFAULT_GOAL := help
.PHONY: help setup index serve test check check-code format model

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-10s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("rag-support needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "Installing into $(VENV) (once; two to four minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(READY) ## create .venv and install the pinned dependencies

index: $(READY) ## build the index from corpus/ and publish it
	@$(BIN)/rag-support index

serve: $(READY) ## set up, build the index if there is none, serve on 127.0.0.1:8000
	@$(BIN)/rag-support serve --build-if-missing

test: $(READY) ## set up and run the tests
	@$(BIN)/python -m pytest -q

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check-code: $(READY) ## format check, lint, types, translations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/rag-support translations check

check: check-code test ## check-code and the tests

model: $(READY) ## train the embedding model anew (DATA=../shared/training)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt -r training/requirements.txt
	@$(BIN)/python -m training --data $(DATA) --out rag_support/models/trilingual-static
