# Every word that this project knows. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
FRONTEND := $(shell git ls-files frontend 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup run test check format schema client release docs frontend ui screens lock bench growth soak reliability matrix hosts engines chaos fuzz sockets clean

help: ## List every word
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv from the hashed requirements.lock and install Vedette into it

$(READY): requirements.lock pyproject.toml $(FRONTEND)
	@test -x $(BIN)/python || { echo "Making .venv …"; $(PYTHON) -m venv .venv; }
	@echo "Installing the packages of requirements.lock (about a minute the first time) …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "Installing Vedette; its build makes the web interface …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## Start the example project: the interface at http://127.0.0.1:4400/
	@echo "The example watches examples/inbox/: in another terminal, put a file there with"
	@echo "  echo 'to be or not to be' > examples/inbox/hamlet.txt"
	@exec $(BIN)/vedette dev examples/inbox.py

test: $(READY) ## Run the whole test suite, two files at a time
	$(BIN)/pytest -n 2 --dist loadfile $(PYTEST)

check: $(READY) ## Format, lint, types, import rules, schema (also for what breaks clients), migrations, manual, frontend
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vedette schema --check schema.graphql
	$(BIN)/python -m checks.schema_changes
	$(BIN)/python -m checks.schema_lint
	$(BIN)/python -m checks.released_documents
	$(BIN)/python -m checks.roles
	$(BIN)/python -m checks.deprecations
	$(BIN)/python -m checks.client_types
	$(BIN)/python -m checks.own_documents
	$(BIN)/vedette migrate --check
	$(BIN)/zensical build --strict
	$(BIN)/python frontend/build_hook.py check

format: $(READY) ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

schema: $(READY) ## Print the GraphQL schema into schema.graphql
	$(BIN)/vedette schema > schema.graphql

client: $(READY) ## Generate the types of vedette.client from the schema, and list the documents that we send
	$(BIN)/python -m checks.client_types --write
	$(BIN)/python -m checks.own_documents --write

release: $(READY) ## Keep what the clients of VERSION=1.0.0 send: from then on the schema must answer it
	$(BIN)/python -m checks.released_documents --keep $(or $(VERSION),$(error Say which: make release VERSION=1.0.0))

docs: $(READY) ## Build the manual as a site into .site/
	$(BIN)/zensical build --strict
	@echo "Open .site/index.html"

frontend: $(READY) ## Build the interface and GraphiQL again if their sources or the schema changed
	$(BIN)/python frontend/build_hook.py

ui: $(READY) ## Serve the interface with hot reload beside a running server (VEDETTE_API=http://127.0.0.1:4400)
	$(BIN)/python frontend/build_hook.py develop

screens: $(READY) ## Take pictures of every screen, light and dark, into docs/images/screens/
	PYTHONPATH=tests $(BIN)/python -m browser.screens

lock: $(READY) ## Pin the newest packages that pyproject.toml allows
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra bench --universal --generate-hashes --no-emit-index-url \
		--python-version 3.11 --no-header --upgrade --quiet -o requirements.lock

bench: $(READY) ## Measure every figure beside Dagster's, in an hour; SHORT=1 in minutes, ROWS=ticks,start for some
	$(BIN)/python -m benchmarks $(if $(SHORT),--short) $(if $(ROWS),--only $(ROWS))

growth: $(READY) ## Measure ticks/s, lateness, CPU and memory at 10 to 30,000 sensors
	$(BIN)/python -m benchmarks growth

soak: $(READY) ## Work steadily for MINUTES (30) and look whether memory, descriptors, tasks or tables grow
	$(BIN)/python -m benchmarks soak --minutes $(or $(MINUTES),30)

reliability: $(READY) ## Try the chosen cells of the fault matrix, and what fails around the processes (some minutes)
	SURROUNDINGS=all $(BIN)/pytest tests/reliability $(PYTEST)

matrix: $(READY) ## Try every cell of the fault matrix (nine minutes) and write what came of it into docs/reliability.md
	rm -f .matrix.jsonl
	-FAULT_MATRIX=all FAULT_RESULTS=.matrix.jsonl $(BIN)/pytest tests/reliability/test_matrix.py $(PYTEST)
	$(BIN)/python -m chaos.publish .matrix.jsonl docs/reliability.md

hosts: $(READY) ## Cut one of two machines off, and heal it, in network namespaces (root, or user namespaces; iproute2)
	$(BIN)/python -m chaos.hosts $(if $(CUTS),--cuts $(CUTS))

engines: $(READY) ## Try every engine on everything: this machine, and real clusters of Dask and Ray (some minutes)
	ENGINES=all $(BIN)/pytest tests/integration/engines $(PYTEST)

chaos: $(READY) ## Kill processes of a small deployment, one a second, and look for what was lost or doubled
	$(BIN)/python -m chaos --kills $(or $(KILLS),300)

fuzz: $(READY) ## Throw malformed requests at a server for MINUTES=10: no 5xx, no hang, memory flat
	$(BIN)/python -m fuzz --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED))

sockets: $(READY) ## Have CLIENTS=1000 follow streams of a server for MINUTES=10, and come and go: nothing lost, memory flat
	$(BIN)/python -m sockets --clients $(or $(CLIENTS),1000) --minutes $(or $(MINUTES),10)

clean: ## Remove what was built; the data of .vedette/ stays
	rm -rf .venv .site server/vedette/web/static frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
