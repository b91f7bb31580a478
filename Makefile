# `make demo` writes demo.mp4, `make test` runs all tests; both need only Python 3.7 or newer, make and git.
# PYTHON names another interpreter than python3; PYTHON37 the one of the lane that runs MindSpore Lite.

PYTHON ?= python3
PYTHON37 ?= $(shell sh tools/find_python37.sh)
BIN := .venv/bin
BIN37 := .venv37/bin

.PHONY: demo test test-3.7 system-packages lint clean
.DELETE_ON_ERROR:

demo: .venv/installed .venv/models
	$(BIN)/python -m appliance.demo demo.mp4

test: system-packages .venv/installed .venv/models lint
	$(BIN)/python -m pytest -m "not slow"
	$(BIN)/python -m pytest -m slow
	$(MAKE) test-3.7

# MindSpore Lite 2.0.0 exists for CPython 3.7 only, which is also what the board has.
ifeq ($(PYTHON37),)
test-3.7:
	@echo "Skipped: the tests on CPython 3.7 and MindSpore Lite, because neither PATH nor pyenv has a python3.7."
else
test-3.7: .venv37/installed .venv/models
	$(BIN37)/python -m pytest -m "not slow or py37" --ignore=tests/models_om
endif

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/mypy appliance

clean:
	rm -rf .venv .venv37 build dist *.egg-info demo.mp4

system-packages:
	@sh tools/system_packages.sh

.venv/installed: setup.cfg
	sh tools/make_venv.sh "$(PYTHON)" .venv demo,test
	@touch $@

.venv37/installed: setup.cfg
	sh tools/make_venv.sh "$(PYTHON37)" .venv37 demo,test,mindspore_lite
	@touch $@

.venv/models: .venv/installed appliance/models.py
	$(BIN)/python -m appliance models fetch
	@touch $@
