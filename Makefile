# Each target is one plain command, which can be given as well.

.DEFAULT_GOAL := help
.PHONY: help demo pictures up down test lint vulncheck bench bench-e2e fuzz replay-real fault-matrix soak build clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

demo: ## a simulated day of trade through the whole pipeline, on a page of this machine; needs nothing but Go
	go build -o bin/ ./cmd/streamlytics && exec bin/streamlytics demo

pictures: ## docs/page, the views of the page in a real demo; needs Chromium and npm
	pictures=$$(mktemp -d) && go test -count=1 ./test/e2e/browser -run='^TestViews$$' -pictures=$$pictures && \
	mkdir -p docs/page && cp $$pictures/*-1024-light.webp $$pictures/flow-1024-dark.webp docs/page && rm -r $$pictures

up: ## the whole stack with a simulated retailer, in Docker, on this machine's ports; see walkthrough.md
	docker compose up -d && ./setup_pubsub.sh

down: ## stop that, and keep its data
	docker compose down

test: ## all checks and tests; installs redis-server, shellcheck and what else is missing
	./scripts/test.sh

lint: ## golangci-lint, with the project's import rules
	./scripts/lint.sh

vulncheck: ## known vulnerabilities that the code can reach; needs vuln.go.dev (or: ./scripts/vulncheck.sh latest)
	./scripts/vulncheck.sh

bench: ## all benchmarks
	go test -run='^$$' -bench=. -benchmem ./...

bench-e2e: ## the whole program against the yardstick, one table, a quarter of an hour; ARGS="-only=live" and the like
	go test -count=1 -timeout=1h -run='^TestMeasurements$$' ./test/e2e/bench -table $(ARGS)

fuzz: ## every fuzz target for a minute
	./scripts/fuzz.sh

replay-real: ## 1.5 million real sales through Pub/Sub into Redis, every stock key checked; downloads the data
	./scripts/replay-real.sh

fault-matrix: ## every fault of docs/MEASUREMENTS.md against the running program, with outages of 30 seconds; ten minutes
	./scripts/fault-matrix.sh

soak: ## an hour at 5,000 events/s with a fault a minute, every key checked every minute; ARGS="-soak.seed=2 -soak.table=soak.md" and the like
	go test -count=1 -timeout=3h -run='^TestSoak$$' -v ./test/e2e/soak -soak.duration=1h -soak.round=1m -soak.rate=5000 -soak.race=false -soak.rss=1400 $(ARGS)

build: ## the program, as bin/streamlytics
	go build -o bin/ ./cmd/streamlytics

clean: ## remove what build made
	rm -rf bin
