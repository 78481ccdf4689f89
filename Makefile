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

# onnxruntime names an algebra system (80 MB) that running a model never imports.
UNUSED := --no-emit-package sympy --no-emit-package mpmath
# What is deployed is pinned to what is tested: requirements.lock constrains the deployables' own locks.
COMPILE := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-package switchboard -c requirements.lock

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build/uv/bin/uv:
	@$(PYTHON) -m venv build/uv && build/uv/bin/pip install --quiet uv

install: $(VENV)/.installed  ## create .venv from requirements.lock (hash-checked)

$(VENV)/.installed: requirements.lock pyproject.toml layers/switchboard/pyproject.toml fargate/voice_gateway/pyproject.toml | $(UV)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "Switchboard needs Python 3.11 to 3.13; this is %d.%d. Say which: make PYTHON=/path/to/python3.13 ..." % v)'
	@$(UV) venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements.lock
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps -e layers/switchboard -e fargate/voice_gateway -e .
	@touch $@

lock: | $(UV)  ## re-resolve what is tested and what is deployed (hashes, no addresses)
	@rm -rf build/lock && mkdir -p build/lock
	@cp --parents pyproject.toml layers/switchboard/pyproject.toml fargate/voice_gateway/pyproject.toml build/lock/
	@sed -i '/^managed = false/d' build/lock/pyproject.toml
	@cd build/lock && $(shell realpath $$(command -v uv) 2>/dev/null || echo $(abspath build/uv/bin/uv)) export --quiet --no-header --no-annotate --no-emit-project --no-emit-package switchboard --no-emit-package voice-gateway --all-extras --format requirements-txt -o requirements.lock >/dev/null
	@mv build/lock/requirements.lock requirements.lock

	@$(UV) pip compile --quiet $(COMPILE) layers/switchboard/pyproject.toml --extra functions --extra traces --extra web -o layers/switchboard/requirements.lock
	@$(UV) pip compile --quiet $(COMPILE) $(UNUSED) fargate/voice_gateway/pyproject.toml -o fargate/voice_gateway/requirements.lock

demo: install  ## play one real phone call on this machine and judge it
	@$(BIN)/switchboard demo

up: install cdk/node_modules/.installed  ## keep the platform running on its local cloud, with a softphone at http://localhost:8080
	@$(BIN)/python -m cdk.local up

doctor: install  ## list every missing or wrong setting
	@$(BIN)/switchboard doctor

check: install  ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy layers/switchboard/src fargate/voice_gateway/src lambdas cdk tests
	@$(BIN)/lint-imports --no-cache

test: install cdk/node_modules/.installed  ## all tests
	@$(BIN)/pytest

cdk/node_modules/.installed: cdk/package.json cdk/package-lock.json
	@cd cdk && npm ci --silent --no-audit --no-fund
	@touch $@

synth: install cdk/node_modules/.installed  ## write the CloudFormation templates: make synth ENVIRONMENT=growth
	@JSII_NODE=cdk/node_modules/node/bin/node $(BIN)/python -m cdk.app -c environment=$(or $(ENVIRONMENT),starter) -o build/cdk.out

check-cloud: install cdk/node_modules/.installed  ## judge all templates and workflows, prove tenant isolation
	@$(BIN)/python -m cdk.checks $(ENVIRONMENT)

CDK := cdk/node_modules/.bin/cdk
# What `cdk deploy` and `cdk destroy` are told; DOMAIN and ZONE may as well stand in the context of cdk.json.
TARGET := -c environment=$(or $(ENVIRONMENT),starter) $(if $(REGION),-c region=$(REGION)) $(if $(DOMAIN),-c domain=$(DOMAIN)) $(if $(ZONE),-c hosted_zone_id=$(ZONE))

bootstrap: install cdk/node_modules/.installed  ## prepare an AWS account and region, once
	@$(CDK) bootstrap $(TARGET)

deploy: install cdk/node_modules/.installed  ## make deploy ENVIRONMENT=starter DOMAIN=voice.example.com ZONE=Z...
	@$(CDK) deploy $(TARGET) --require-approval never data
	@$(BIN)/python -m cdk.credentials $(or $(ENVIRONMENT),starter) $(if $(REGION),--region $(REGION))
	@$(CDK) deploy $(TARGET) --require-approval never --all

eval: install  ## how well callers are understood: make eval WITH=anthropic
	@$(BIN)/python -m tests.eval $(if $(WITH),--with $(WITH)) $(if $(DATA),--data $(DATA))

simulate: install  ## simulated calls: make simulate RUNS=10000 SEED=1
	@$(BIN)/simulate --seed $(or $(SEED),1) --runs $(or $(RUNS),1000)

bench: install  ## calls per core, against a floor server: make bench CALLS=50 SECONDS=30
	@$(BIN)/python -m tests.bench $(if $(CALLS),--calls $(CALLS)) $(if $(SECONDS),--seconds $(SECONDS))

survive: install  ## kill gateways under 100 live calls: make survive CALLS=20 SECONDS=30 SEED=2
	@$(BIN)/python -m tests.survive $(if $(CALLS),--calls $(CALLS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

clean:  ## remove what was built
	@rm -rf build .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help install lock demo up doctor check test bootstrap deploy synth check-cloud eval simulate bench survive clean
