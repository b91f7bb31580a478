# `make demo` writes demo.mp4, `make test` runs all tests; both need only Python 3.7 or newer, make and git.
# PYTHON names another interpreter than python3; PYTHON37 the one of the lane that runs MindSpore Lite; PYTHON_FACTORY
# the one of the lane that runs MindSpore.

PYTHON ?= python3
PYTHON37 ?= $(shell sh tools/find_python.sh 3.7)
PYTHON_FACTORY ?= $(shell sh tools/find_python.sh 3.11 3.10 3.9)
BIN := .venv/bin
BIN37 := .venv37/bin
BIN_FACTORY := .venv-factory/bin

.PHONY: demo test test-here test-elsewhere test-3.7 test-factory system-packages lint screens bundle bundle-board boot-test clean
.DELETE_ON_ERROR:

demo: .venv/installed .venv/models
	$(BIN)/python -m appliance.demo demo.mp4

# Most tests wait for processes, sound and clocks, so two chains of lanes share the processors.
test: system-packages .venv/front-ends .venv/models lint
	$(MAKE) --jobs=2 test-here test-elsewhere

test-here: .venv/front-ends .venv/models
	sh tools/run_tests.sh $(BIN)/python -m "not slow" --ignore=tests/ui
	sh tools/run_tests.sh $(BIN)/python -m "not slow" tests/ui
	sh tools/run_tests.sh $(BIN)/python -m slow

# One after the other: the second uses what the first installs.
test-elsewhere:
	$(MAKE) test-3.7
	$(MAKE) test-factory

# MindSpore Lite 2.0.0 exists for CPython 3.7 only, which is also what the board has.
ifeq ($(PYTHON37),)
test-3.7:
	@echo "Skipped: the tests on CPython 3.7 and MindSpore Lite, because neither PATH nor pyenv has a python3.7."
else
test-3.7: .venv37/front-ends .venv/models
	sh tools/run_tests.sh $(BIN37)/python -m "not slow or py37" --ignore=tests/models_om --ignore=tests/ui
	sh tools/run_tests.sh $(BIN37)/python -m "not slow or py37" tests/ui
endif

# MindSpore, which makes the networks, exists for CPython 3.9 to 3.11.
ifeq ($(PYTHON_FACTORY),)
test-factory:
	@echo "Skipped: the tests that need MindSpore and PyTorch, because neither PATH nor pyenv has a python3.9 to 3.11."
else
test-factory: .venv-factory/installed .venv/models
	SONIC_PYTHON37="$(abspath $(wildcard $(BIN37)/python))" sh tools/run_tests.sh $(BIN_FACTORY)/python tests/models_om
endif

lint: .venv/front-ends
	$(BIN)/ruff check .
	$(BIN)/mypy appliance

# Pictures of every screen, for docs/screens.
screens: .venv/front-ends .venv/models
	$(BIN)/python tools/make_screens.py

# What installs without network: dist/sonic-appliance-VERSION-PYTHON-MACHINE.tar.gz, for PYTHON on this machine.
bundle: .venv/front-ends .venv/models
	$(BIN)/python tools/make_bundle.py

# And for the board: CPython 3.7 on an Arm processor.
bundle-board: .venv37/installed .venv/models
	$(BIN37)/python tools/make_bundle.py --machine aarch64

# The installed appliance on whole machines, imitated by QEMU; needs root and up to an hour.
boot-test: .venv/installed .venv/models
	@sh tools/system_packages.sh boot
	SONIC_BOOT_TEST=1 $(BIN)/python -m pytest tests/boot/test_machine.py tests/boot/test_kiosk.py

clean:
	rm -rf .cache .venv .venv37 .venv-factory build dist *.egg-info demo.mp4

system-packages:
	@sh tools/system_packages.sh

.venv/installed: setup.cfg
	sh tools/make_venv.sh "$(PYTHON)" .venv demo,engine,test
	@touch $@

.venv37/installed: setup.cfg
	sh tools/make_venv.sh "$(PYTHON37)" .venv37 demo,engine,test,mindspore_lite
	@touch $@

.venv-factory/installed: setup.cfg
	sh tools/make_venv.sh "$(PYTHON_FACTORY)" .venv-factory engine,test,train,corpus,migrate
	@touch $@

# What screen, microphone and buttons need beside.
%/front-ends: %/installed
	sh tools/add_front_ends.sh $*
	@touch $@

.venv/models: .venv/installed appliance/models.py
	$(BIN)/python -m appliance models fetch
	@touch $@
