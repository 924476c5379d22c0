# The commands of this project. `make help` lists them.
PYTHON ?= python3
TOPICS ?= activity jobs
PART ?= worker
MINUTES ?= 5
FAULTS_AT_ONCE ?= 1
LOCAL = exec $(PYTHON) -m infra.local
IMAGES = $(PYTHON) -m infra.images
BENCHMARKS = PYTHONPATH=.:tests:ml_service_py/src python -m benchmarks
# A variable of the shell: the folder's name may hold characters that make or a shell would interpret.
export LOCAL_CHECKOUT := $(CURDIR)
CACHE = $$LOCAL_CHECKOUT/.run/cache
# Checks and tests use the programs of the checkout first, and tools keep their caches in it, whatever the environment says.
INSTALLED = PYTHONDONTWRITEBYTECODE= XDG_CACHE_HOME="$(CACHE)" npm_config_cache="$(CACHE)/npm" NODE_COMPILE_CACHE="$(CACHE)/node" \
	PATH="$$LOCAL_CHECKOUT/.venv/bin:$$LOCAL_CHECKOUT/gateway_node/node_modules/.bin:$$PATH"
# Relative to each folder of tests.
REPORTS := ../.run/reports
NODE_REPORTS = --test-reporter=spec --test-reporter-destination=stdout --test-reporter=junit --test-reporter-destination=$(REPORTS)/gateway.xml

.DEFAULT_GOAL := help
.PHONY: help certs crash demo dev watch images images-offline up down install test test-data test-node test-python test-seams test-e2e test-recipes test-resilience test-containers fuzz audit soak bench bench-check bench-growth bench-quality lab lab-check lint lint-python lint-node lint-protos proto lock reset clean python

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Ports: GATEWAY_PORT RECOMMENDER_GRPC_PORT RECOMMENDER_OPS_PORT WORKER_OPS_PORT BROKER_PORT BROKER_DIST_PORT BROKER_EPMD_PORT"

watch: ## print the frames of the demo's socket, a line each: make watch TOPICS='activity jobs'
	@exec .venv/bin/python -m infra.local.watch $${GATEWAY_PORT:-3000} $(TOPICS)

crash: python ## kill a part of the running stack: make crash PART=worker
	@$(LOCAL) crash '$(PART)'

demo: python ## install, import MovieLens, train, and run the whole stack
	@$(LOCAL) demo

dev: python ## the same, and each service starts again when its sources change
	@$(LOCAL) dev

certs: install ## issue development certificates for each service, into .run/certs; run it again to renew them
	@$(INSTALLED) python -m infra.certs

images: python ## build the container images of the services
	@$(IMAGES) build

images-offline: python ## build stand-ins for the public base images, without a registry, and the images on them
	@infra/offline/stand-ins
	@$(IMAGES) build

up: python ## run the stack in containers: make up ARGS='--scale gateway=2'
	@$(IMAGES) up $(ARGS)

down: python ## remove its containers: make down ARGS=--volumes removes the data too
	@$(IMAGES) down $(ARGS)

reset: python ## empty the data; what is installed stays
	@$(LOCAL) reset

clean: python ## remove all that the other commands made
	@$(LOCAL) clean

install: python ## install what the checks and tests need
	@$(LOCAL) install
	@mkdir -p .run/reports

# Tests wait for other processes most of their time, so three suites run at once, the longest first.
test: install ## all checks and all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint-python test-data lint-node lint-protos
	@$(MAKE) --no-print-directory --jobs=3 --keep-going --output-sync=target test-resilience test-seams test-containers test-e2e test-node test-python test-recipes

lint: lint-protos lint-python lint-node ## formats, types and contracts

lint-protos: install
	cd protos && $(INSTALLED) buf lint
	cd protos && $(INSTALLED) buf breaking --against baseline.binpb
	$(INSTALLED) python protos/generate.py --check

lint-python: install
	$(INSTALLED) ruff check .
	$(INSTALLED) ruff format --check .
	cd ml_service_py && $(INSTALLED) python -m mypy
	$(INSTALLED) MYPYPATH=ml_service_py/src:protos:tests:ml_service_py/tests python -m mypy --strict --explicit-package-bases --disable-error-code import-untyped infra/local infra/images infra/offline infra/audit infra/certs benchmarks tests protos/generate.py
	cd ml_service_py && $(INSTALLED) lint-imports

lint-node: install
	cd gateway_node && $(INSTALLED) biome check .
	cd gateway_node && $(INSTALLED) tsc --noEmit
	cd benchmarks && $(INSTALLED) biome check . && $(INSTALLED) tsc --noEmit

test-data: install ## the imported data set and the trained model that most tests of the whole stack start with
	cd tests && $(INSTALLED) PYTHONPATH=.. python -m harness.trained

test-node: install ## the gateway's tests
	cd gateway_node && $(INSTALLED) NODE_USE_ENV_PROXY= node --test --test-timeout=120000 $(NODE_REPORTS) 'test/**/*.test.ts'

test-python: install ## the Python service's tests
	cd ml_service_py && $(INSTALLED) python -m pytest --junitxml=$(REPORTS)/ml-service.xml

fuzz: install ## unusual requests, messages and files, for longer than in `make test`: make fuzz MINUTES=30
	cd tests && $(INSTALLED) python -m pytest fuzz --fuzz-seconds $$(( $(MINUTES) * 60 ))
	cd ml_service_py && $(INSTALLED) python -m pytest --hypothesis-profile=long tests/adapters/*/test_fuzz_*.py

audit: install ## known vulnerabilities, licences and bills of materials; asks services on the network
	@$(INSTALLED) python -m infra.audit

soak: install ## faults under load, then count what was lost: make soak MINUTES=30 SEED=7
	cd tests && $(INSTALLED) PYTHONPATH=.. python -m harness.soak --minutes $(MINUTES) --seed '$(SEED)' --at-once $(FAULTS_AT_ONCE)

bench: install ## measure the stack and its contenders: make bench ARGS='--only ask'
	@$(INSTALLED) $(BENCHMARKS) $(ARGS)

bench-check: install ## a short measurement; fails where speed is far below its goals
	@$(INSTALLED) $(BENCHMARKS) --short $(ARGS)

bench-quality: install ## the quality of the rankings, by the published protocol
	@$(INSTALLED) $(BENCHMARKS).quality

bench-growth: install ## speed and memory by number of users and items, in half an hour: make bench-growth ARGS=--short
	@$(INSTALLED) $(BENCHMARKS).growth $(ARGS)

lab: install ## measure the claims about Node and Python, in at most 20 minutes: make lab ONLY=cpu
	@$(INSTALLED) $(BENCHMARKS).lab $(addprefix --only ,$(ONLY))

lab-check: install ## a short form of each experiment, which checks that the lab finds a planted delay
	cd tests && $(INSTALLED) python -m pytest contract/test_lab.py contract/test_lab_measures.py

test-seams: install ## the tests of contracts, and of two parts together
	cd tests && $(INSTALLED) python -m pytest contract integration --junitxml=$(REPORTS)/seams.xml

test-e2e: install ## the user's story on the whole stack, and a short run of unusual requests
	cd tests && $(INSTALLED) python -m pytest e2e fuzz -m 'not containers' --junitxml=$(REPORTS)/e2e.xml

test-recipes: install ## the recipes of docs/how-to, as written, in a copy of the checkout
	cd tests && $(INSTALLED) python -m pytest recipes --junitxml=$(REPORTS)/recipes.xml

test-resilience: install ## the whole stack while parts of it fail
	cd tests && $(INSTALLED) python -m pytest resilience -m 'not containers' --junitxml=$(REPORTS)/resilience.xml

test-containers: install ## both suites on the stack in containers
	cd tests && $(INSTALLED) python -m pytest e2e resilience -m containers --junitxml=$(REPORTS)/containers.xml

proto: install ## generate the code of both languages from protos/
	$(INSTALLED) python protos/generate.py

lock: install ## renew the lock files
	@$(LOCAL) lock

python:
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install 3.11 to 3.13 (Debian: apt-get install python3)." >&2; exit 1; }
