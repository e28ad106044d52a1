# `make help` lists what there is. Each command installs what it needs, when it is missing.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A changed, added or removed file makes `build` install again; anything else leaves it alone.
SOURCES := $(shell find src python web/src web/public -not -name '*_test.*' -not -path '*/__pycache__*' \
             -not -path '*/.mypy_cache*' 2>/dev/null) \
           $(wildcard CMakeLists.txt pyproject.toml LICENSE README.md scripts/embed_web_assets.py \
             web/*.json web/*.html web/*.ts web/build.sh)
INSTALLED := .venv/.stirbar-installed

.PHONY: help
help: ## This list
	@printf 'make COMMAND, where COMMAND is one of\n\n'
	@sed -nE 's/^([a-z]+):[^#]*## (.*)$$/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12
	@printf '\nOf the tests only some: make test SUITES="cpp tsan fuzz web python playwright"\n'

.PHONY: build
build: ## Build and install into .venv: .venv/bin/stirbar, .venv/bin/python
	@scripts/setup.sh build demo
	@$(MAKE) $(INSTALLED)
	@echo '[build] ready: .venv/bin/stirbar'

$(INSTALLED): $(SOURCES)
	@touch $@.begun  # the stamp's time is the start: what changes during the build is built next time
	@scripts/install.sh
	@mv $@.begun $@

.PHONY: test
test: build ## Run all tests: C++ with sanitizers, web, Python, browser
	@scripts/setup.sh test
	@.venv/bin/python scripts/run_tests.py $(SUITES)

.PHONY: check
check: ## Check format, lint, types, include rule, network addresses, generated docs
	@scripts/setup.sh build check
	@scripts/check.sh

.PHONY: format
format: ## Format the C++ and Python sources in place
	@scripts/setup.sh check
	@find src benchmarks tests/fuzz -name '*.cc' -o -name '*.h' -o -name '*.c' | xargs -r clang-format -i
	@.venv/bin/ruff check --quiet --select I --fix .
	@.venv/bin/ruff format .

.PHONY: demo
demo: build ## Run a misbehaving shop under Stirbar, with light traffic; Ctrl-C ends it
	@exec scripts/demo.sh

.PHONY: bench
bench: build ## Run the benchmarks that the README's figures come from
	@scripts/setup.sh test bench
	@.venv/bin/python benchmarks/run.py

.PHONY: screenshot
screenshot: ## Renew the picture in the README from the last run of the browser tests
	@cp test-results/screenshots/both-workers-hung.png docs/overview.png

.PHONY: clean
clean: ## Remove what was built and installed here (keeps nothing but the sources)
	@rm -rf build dist .venv web/dist web/node_modules tests/playwright/node_modules test-results \
	  playwright-report .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find python tests examples scripts benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
