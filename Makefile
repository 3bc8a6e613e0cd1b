# What a clone needs: python3 (3.11–3.13), git and make. Everything else is installed here: Python packages into .venv,
# system packages through apt-get when root; otherwise one line names what is missing.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SCREEN := xvfb-run -a -s "-screen 0 1600x1200x24 +extension GLX"
STUDIO := $(CURDIR)/.venv-label-studio
SEMSAM_LABEL_STUDIO ?= $(STUDIO)/bin/label-studio
PYTEST := -m pytest -n 2 --dist loadfile
# A test that hangs ends the run and is named.
NO_HANGING := --max-worker-restart=0 -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true
SOURCES := semsam_annotate model training backend tests benchmarks tools

.PHONY: help demo test stress e2e lint types screen browser clean
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## /make \1\t/p' Makefile

demo: $(VENV)/all.stamp ## set up, then the main job on real photos into semsam-demo/
	$(BIN)/semsam demo

test: screen $(VENV)/dev.stamp lint types ## set up, then format, lint, import rules, types and tests
	$(SCREEN) $(BIN)/python $(PYTEST) $(NO_HANGING) -m "not stress"

stress: screen $(VENV)/dev.stamp $(SEMSAM_LABEL_STUDIO) lint types ## full counts, a real Label Studio, others' readers, every Python found
	SEMSAM_LABEL_STUDIO=$(SEMSAM_LABEL_STUDIO) $(SCREEN) $(BIN)/python $(PYTEST) --hypothesis-profile=stress
	tools/foreign_readers.sh
	tools/detectron2_code.sh
	tools/qt_matrix.sh $(SCREEN)
	tools/napari_matrix.sh $(SCREEN)
	PYTHON=$(PYTHON) tools/python_matrix.sh $(SCREEN)

e2e: browser $(VENV)/e2e.stamp $(SEMSAM_LABEL_STUDIO) ## Label Studio in Chromium, from a click to a new model, into e2e-screenshots/
	@mkdir -p build
	SEMSAM_LABEL_STUDIO=$(SEMSAM_LABEL_STUDIO) $(BIN)/python -m pytest -m e2e tests/e2e -x -rs --basetemp=build/e2e

lint: $(VENV)/dev.stamp build/house ## format, lint, import rules
	$(BIN)/ruff format --check $(wildcard $(SOURCES))
	$(BIN)/ruff check $(wildcard $(SOURCES))
	cd build/house && $(abspath $(BIN))/lint-imports --no-cache --config $(CURDIR)/pyproject.toml

types: $(VENV)/dev.stamp build/house ## mypy on every room
	MYPYPATH=build/house $(BIN)/mypy -p semsam_annotate

# First, so that one line names everything that is missing before minutes of installing.
screen:
	@tools/need.sh $$($(PYTHON) tools/missing_packages.py)

browser:
	@tools/need.sh $$($(PYTHON) tools/missing_packages.py chromium)

# The rooms under their import names, files linked: linters and type checkers read folders and do not know setup.cfg's
# package_dir.
.PHONY: build/house
build/house:
	@rm -rf $@ && mkdir -p $@
	@cp -rs $(CURDIR)/semsam_annotate $@/
	@cp -rs $(addprefix $(CURDIR)/,model training backend) $@/semsam_annotate/

# The development install contains the other, so that one virtual environment serves both.
$(VENV)/dev.stamp: pyproject.toml setup.cfg tools/setup.sh
	@tools/setup.sh $(VENV) dev $(PYTHON)
	@touch $(VENV)/all.stamp $@

$(VENV)/e2e.stamp: pyproject.toml setup.cfg tools/setup.sh
	@tools/setup.sh $(VENV) e2e $(PYTHON)
	@touch $(VENV)/all.stamp $(VENV)/dev.stamp $@

$(VENV)/all.stamp: pyproject.toml setup.cfg tools/setup.sh
	@tools/setup.sh $(VENV) all $(PYTHON)
	@touch $@

# In a virtual environment of its own: it pins what we use too, and stays out of ours.
$(STUDIO)/bin/label-studio: | $(VENV)/dev.stamp
	$(PYTHON) -m venv --clear $(STUDIO)
	$(STUDIO)/bin/python -m pip install -q --disable-pip-version-check label-studio==1.23.2

clean: ## remove what was built, the virtual environments too
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
