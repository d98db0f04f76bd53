# Every command here sets up what it needs in .venv; nothing else has to be installed first.
.PHONY: run run-local test install lint check unit bench docs test-clients test-deploy chaos
PY := .venv/bin/python

run: install ; @$(PY) -m weighbridge serve
run-local: install ; @$(PY) -m weighbridge serve --config examples/local/weighbridge.yaml
test: install ; @scripts/check && scripts/test
test-clients: install ; @scripts/test-clients
test-deploy: install ; @scripts/test-deploy
lint: install ; @scripts/lint
check: install ; @scripts/check
unit: install ; @scripts/test
docs: install ; @scripts/docs
bench: install ; @$(PY) -m bench
chaos: install ; @PYTHONPATH=tests $(PY) -m chaos
install: ; @scripts/install
