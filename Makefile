# Each target is one plain command, which can be given as well.

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench fuzz replay-real fault-matrix build clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

demo: ## a simulated day of trade through the whole pipeline, in this terminal; needs nothing but Go
	go run ./cmd/demo

test: ## all checks and tests; installs redis-server, shellcheck and a C compiler if missing
	./scripts/test.sh

lint: ## golangci-lint, with the project's import rules
	./scripts/lint.sh

bench: ## all benchmarks
	go test -run='^$$' -bench=. -benchmem ./...

fuzz: ## every fuzz target for a minute
	./scripts/fuzz.sh

replay-real: ## 1.5 million real sales through Pub/Sub into Redis, every stock key checked; downloads the data
	./scripts/replay-real.sh

fault-matrix: ## every fault of docs/FAULTS.md against the running program, with outages of 30 seconds; ten minutes
	./scripts/fault-matrix.sh

build: ## all binaries, into bin
	go build -o bin/ ./cmd/...

clean: ## remove what build made
	rm -rf bin
