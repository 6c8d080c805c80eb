# Each target first installs what it needs into .venv; nothing but Python 3.11 or later and make is needed.
PYTHON ?= python3
BIN := .venv/bin
FRESH ?=
STAGE ?= dev
ACCOUNT ?=
REPOSITORY ?=
TAG ?=
UPGRADE ?=
NAME ?=
# With it, each process of a run would compile all modules anew, for a third of its time.
unexport PYTHONDONTWRITEBYTECODE
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-annotate --no-emit-index-url $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.PHONY: help deploy deployer preview-comment release-files rollback run new-type lock-pools test check coverage nightly browser lint docs mutants format package preview smoke requirements clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install-laptop ## Run Taskline on this machine (FRESH=1 starts empty, TASKLINE_PORT=4000, LOG=json).
	@exec $(BIN)/python -m local $(if $(FRESH),--fresh)

new-type: install-laptop ## Write a task type and its test (NAME=invoice.render).
	@$(BIN)/python -m testing.new_type "$(NAME)"

lock-pools: install-laptop ## Lock the packages that task types ask for, in requirements/pools/.
	@$(BIN)/python -m infrastructure.task_types

test: install-test ## Run the tests, without those that are too slow for every edit.
	$(BIN)/python -m pytest

check: install-check lint browser ## What CI runs: lint, format check, types, and all tests but the nightly ones.
	$(BIN)/python -m pytest -m "not (live or nightly)" -rsfE

coverage: install-check ## Measure the coverage of the tests that are not slow, which takes twice as long with it.
	$(BIN)/python -m pytest --cov --cov-report=term:skip-covered -m "not (live or check or unmeasured or nightly)" -rfE

nightly: coverage browser ## What takes too long for every change: coverage, thousands of schedules, faults under load, long benchmarks.
	$(BIN)/python -m pytest -m "nightly and not live" -rsfE

browser:
	@sh requirements/browser.sh

lint: install-check ## Lint, check the format and the types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

docs: install-check ## Build the documentation into a site that works offline, in .build/docs/.
	$(BIN)/python -m docs.site.generated
	$(BIN)/python -m sphinx -W --keep-going -q -E -c docs/site docs .build/docs

mutants: install-check ## Measure how many small mistakes in the domain its unit tests notice; takes about 20 minutes.
	$(BIN)/python -m tests.mutants

format: install-check ## Format the code and fix what the linter can.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

package: install-laptop ## Build what `pulumi up` uploads, without uploading it.
	$(BIN)/python -m infrastructure.blocks.packaging

deployer: install-laptop ## Print what a role needs to deploy a stage (STAGE=prod ACCOUNT=123456789012 REPOSITORY=acme/taskline).
	@$(BIN)/python -m infrastructure.deployer $(STAGE) $(if $(ACCOUNT),--account $(ACCOUNT)) $(if $(REPOSITORY),--github $(REPOSITORY))

preview: install-laptop ## Show what `pulumi up` would do (STAGE=prod for another stage); needs the Pulumi CLI.
	@$(BIN)/python -m infrastructure.preview $(STAGE)

smoke: install-laptop ## Check a deployed stack: tasks, failures, alarms (STAGE=laptop for the running laptop edition).
	@$(BIN)/python -m operations.smoke $(STAGE)

deploy: install-laptop ## Deploy a stage, check it and watch its alarms; its functions go back if one goes off (STAGE=prod).
	@$(BIN)/python -m operations.release deploy $(STAGE)

rollback: install-laptop ## Let a stage's functions run what they ran before the last deployment from here (STAGE=prod).
	@$(BIN)/python -m operations.release rollback $(STAGE)

preview-comment: install-laptop ## Write a preview as a comment on a pull request, .build/release/comment.md (STAGE=prod).
	@mkdir -p .build/release
	@$(BIN)/python -m infrastructure.preview $(STAGE) > .build/release/preview.txt; \
	    status=$$?; cat .build/release/preview.txt; \
	    $(BIN)/python -m operations.release comment $(STAGE) .build/release/preview.txt > .build/release/comment.md; \
	    exit $$status

release-files: install-laptop ## Write what a release consists of: archives, bill of materials, notes (TAG=v1.2.0).
	@mkdir -p .build/release
	@$(BIN)/python -m operations.release notes "$(TAG)" > .build/release/notes.md
	@$(BIN)/python -m operations.release sbom > .build/release/sbom.cdx.json
	$(BIN)/python -m infrastructure.blocks.packaging

requirements: install-laptop ## Recompile the locks from pyproject.toml, the largest first: the others agree with it.
	$(COMPILE) --universal --python-version 3.11 --group check --output-file requirements/check.txt
	for group in test laptop uv; do \
	    $(COMPILE) --universal --python-version 3.11 --constraint requirements/check.txt \
	        --group $$group --output-file requirements/$$group.txt || exit 1; done
	$(COMPILE) --python-version 3.13 --python-platform aarch64-manylinux_2_28 --constraint requirements/check.txt \
	    --group functions --output-file requirements/functions.txt
	for group in checkov oldest-pips; do \
	    $(COMPILE) --universal --python-version 3.11 --group $$group --output-file requirements/$$group.txt \
	        || exit 1; done

clean: ## Remove what the other targets made; tasks of `make run` in .taskline/ stay.
	rm -rf .venv .build .pytest_cache .ruff_cache .hypothesis .coverage

install-%:
	@$(PYTHON) requirements/install.py $*
