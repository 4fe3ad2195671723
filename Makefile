# One word a task. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
READY := $(VENV)/.ready
READY_EVAL := $(VENV)/.ready-eval
READY_DEV := $(VENV)/.ready-dev
DATA ?= ../shared/training
SPLIT ?= dev
DRILL ?=
FUZZ_EXAMPLES ?= 3000
MODEL := rag_support/models/trilingual-static

.DEFAULT_GOAL := help
.PHONY: help setup index serve test drill fuzz eval grounding bench check check-code format model calibrate

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "make %-11s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("rag-support needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@echo "Installing into $(VENV): once, a few minutes"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(READY_EVAL): $(READY)
	@echo "Installing what the evaluation needs"
	@$(PIP) --editable '.[eval]'
	@touch $@

$(READY_DEV): $(READY)
	@echo "Installing what the tests need"
	@$(PIP) --editable '.[dev]'
	@touch $@

setup: $(READY) ## create .venv and install the pinned dependencies

index: $(READY) ## build the index from corpus/ and publish it
	@$(BIN)/rag-support index

serve: $(READY) ## set up, build the index if there is none, serve on 127.0.0.1:8000
	@$(BIN)/rag-support serve --build-if-missing

test: $(READY_DEV) ## set up and run the tests, one process a core
	@$(BIN)/python -m pytest -q --numprocesses logical --maxprocesses 4 --dist worksteal

drill: $(READY_DEV) ## harm the service in every way we know and see that nothing is lost: minutes (DRILL=kills: one)
	@$(BIN)/python -m drills --full $(DRILL)
	@$(if $(DRILL),,$(BIN)/python -m drills.serving --full)

fuzz: $(READY_DEV) ## send more than 10,000 generated requests and hold the answers against the API's description
	@FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest -q -s tests/service/test_fuzz.py

# the index of the evaluation is its own: measuring must not switch what a running server serves
eval: export RAG_SUPPORT_INDEX = eval/.index
eval: $(READY_EVAL) ## measure the answers and hold them against the accepted figures (SPLIT=dev)
	@$(BIN)/rag-support index
	@$(BIN)/rag-support eval run --split $(SPLIT) --data $(DATA)
	@$(BIN)/rag-support eval report eval/runs/$(SPLIT)
	@$(BIN)/rag-support eval gate eval/runs/$(SPLIT)

grounding: export OPENBLAS_NUM_THREADS = 1
grounding: $(READY_EVAL) ## corrupt true statements and count what the grounding gate catches
	@$(BIN)/rag-support eval grounding

bench: $(READY_DEV) ## measure speed, memory and growth, about half an hour on a quiet machine (DATA=…)
	@$(BIN)/python -m bench --data $(DATA)

format: $(READY_DEV) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check-code: $(READY_DEV) ## check format, lint, types and translations
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/rag-support translations check

check: check-code test ## check-code and the tests

model: $(READY) ## train the embedding model anew (DATA=../shared/training)
	@$(PIP) -r training/requirements.txt
	@$(BIN)/python -m training --data $(DATA) --out $(MODEL)

calibrate: $(READY) ## fit anew when to refuse, and how much of a statement its source must support
	@$(BIN)/python -m training.answerability
	@$(BIN)/python -m training.grounding
