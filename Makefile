# One command per need; `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
unexport PYTHONDONTWRITEBYTECODE

UV := $(or $(shell command -v uv),build/uv/bin/uv)

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

build/uv/bin/uv:
	@$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv

install: $(VENV)/.installed  ## create .venv from requirements.lock (hash-checked)

$(VENV)/.installed: requirements.lock pyproject.toml layers/switchboard/pyproject.toml fargate/voice_gateway/pyproject.toml | $(UV)
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps -e layers/switchboard -e fargate/voice_gateway -e .
	@touch $@

lock: | $(UV)  ## re-resolve requirements.lock (hashes, no addresses)
	@rm -rf build/lock && mkdir -p build/lock
	@cp --parents pyproject.toml layers/switchboard/pyproject.toml fargate/voice_gateway/pyproject.toml build/lock/
	@sed -i '/^managed = false/d' build/lock/pyproject.toml
	@cd build/lock && $(shell realpath $$(command -v uv) 2>/dev/null || echo $(abspath build/uv/bin/uv)) export --quiet --no-header --no-annotate --no-emit-project --no-emit-package switchboard --no-emit-package voice-gateway --all-extras --format requirements-txt -o requirements.lock >/dev/null
	@mv build/lock/requirements.lock requirements.lock

.PHONY: help install lock
