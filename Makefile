# Only python3 and make are assumed; every target makes the environment it needs (.venv) by itself.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-all check formats golden docs bench fuzz mistakes size clean

PYTHON ?= python3
JOBS ?= 2
COUNT ?= 20000
SEED ?= 0
BIN := .venv/bin
READY := .venv/ready
FORMATS := .venv/formats
# A release with a build for the processor alone; any that is already installed is kept.
TORCH ?= torch==2.13.0
VERSIONS := 3.10 3.11 3.12 3.13

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf 'make %-9s %s\n' "$$name" "$$text"; done

# An editable install; the grammar is part of the rule because the build turns it into the parser module.  Python compiles
# the modules it imports by itself, but not where PYTHONDONTWRITEBYTECODE is set, and start-up is measured compiled.
$(READY): pyproject.toml $(wildcard grammar/*)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

compiled: $(READY)
	@$(BIN)/python -m compileall -q matdiff
.PHONY: compiled

demo: compiled ## Install into .venv and play the sessions of the README.
	@$(BIN)/python tests/sessions.py --play README.md

test: compiled ## Run the tests, of long ones a part, with two processes: about three minutes.
	$(BIN)/python -m pytest -q -n $(JOBS)

test-all: ## Run all tests with every Python from 3.10 to 3.13 that is here.
	@for version in $(VERSIONS); do \
	    if "python$$version" -c 'import sys' 2>/dev/null; then \
	        echo "== Python $$version"; \
	        "python$$version" -m venv ".venv-$$version"; \
	        ".venv-$$version/bin/python" -m pip install --quiet --editable '.[dev]'; \
	        ".venv-$$version/bin/python" -m compileall -q matdiff; \
	        ".venv-$$version/bin/python" -m pytest -q -n $(JOBS); \
	    else \
	        echo "== Python $$version is not installed: left out"; \
	    fi; \
	done

# What runs the generated code, beside NumPy.
$(FORMATS): $(READY)
	$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet '$(TORCH)'
	$(BIN)/python -m pip install --quiet --editable '.[dev,formats]'
	@touch $@

formats: compiled $(FORMATS) ## Run the generated code of every format, all of it; needs Octave.
	$(BIN)/python -m pytest --all -q -n $(JOBS) tests/test_formats.py tests/test_stable.py tests/test_code_names.py

check: compiled $(FORMATS) ## Everything that must hold: format, lint, types, all tests with all programs, current documents, the wheel.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --all -q -n $(JOBS)

golden: compiled ## Rewrite the outputs in tests/cases from the program; refuses results that are mathematically wrong.
	$(BIN)/python tests/sessions.py --rewrite tests/cases/*.md tests/cases/errors/*.md

docs: compiled ## Rewrite the outputs in README, docs and the pages of --explain, and the function table.
	$(BIN)/python tests/sessions.py --table docs/language.md
	$(BIN)/python tests/sessions.py --rewrite README.md docs/*.md matdiff/command/pages/*.md

bench: compiled $(FORMATS) ## Start-up, throughput, growth, and the generated code against other code, as ratios.
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_code.py

fuzz: compiled ## Random expressions against numbers, near misses, hostile text, random command lines, more than in the tests; COUNT= and SEED=.
	$(BIN)/python tests/fuzz.py --count $(COUNT) --seed $(SEED) --jobs $(JOBS)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q -n $(JOBS) tests/test_properties.py tests/test_steps.py
	$(BIN)/python tests/fuzz_sums.py --count 300 --seed $(SEED)
	$(BIN)/python tests/fuzz_arrays.py --count $$(( $(COUNT) / 20 + 1 )) --seed $(SEED)
	$(BIN)/python tests/perturbed.py --count $$(( $(COUNT) / 20 + 1 )) --seed $(SEED)
	$(BIN)/python tests/perturbed.py --count $$(( $(COUNT) / 100 + 1 )) --seed $(SEED) --verify
	$(BIN)/python tests/fuzz_input.py --count $(COUNT) --seed $(SEED)
	$(BIN)/python tests/fuzz_input.py --code --count $(COUNT) --seed $(SEED)
	$(BIN)/python tests/fuzz_options.py --count $(COUNT) --seed $(SEED)

mistakes: compiled ## Break the expressions of the corpus and measure what the diagnostics say.
	$(BIN)/python tests/mutations.py

size: ## Lines of every module.
	@wc -l $$(git ls-files "matdiff/*.py") grammar/*.lark tests/*.py | sort -n

clean: ## Remove everything that the other targets made.
	rm -rf .venv .venv-3.* build dist matdiff/read/_grammar.py .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
