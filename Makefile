# cleartap: what can be done with the source. `make help` lists it.

GO    ?= go
TOOL  := $(GO) tool -modfile=internal/tools/go.mod
FUZZ  ?= 60s
BENCH ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cleartap/bench

.DEFAULT_GOAL := help
.PHONY: help build build-libpcap test setup lint race fuzz prove bench bench-go profile pcaps clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

build: ## build the static binary bin/cleartap
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/cleartap ./cmd/cleartap

build-libpcap: ## build bin/cleartap-libpcap, which can also capture by libpcap (installs libpcap-dev)
	@internal/tools/setup.sh libpcap
	CGO_ENABLED=1 $(GO) build -trimpath -tags libpcap -o bin/cleartap-libpcap ./cmd/cleartap

test: setup lint race ## set up what the tests need, lint, and run all tests with the race detector

setup: ## install what the tests need (Debian packages; asks sudo when not root)
	@internal/tools/setup.sh test

lint: ## run the linters
	$(GO) mod verify
	$(TOOL) golangci-lint run ./...

# Tests that run real servers and networks watch clocks: one package at a time.
REAL := /internal/(lab|livetest|deliverytest)|/pcaps/record|/capture/afpacket|/output/(elasticsearch|kafka|syslog|spool|delivery)

race: ## run all tests with the race detector, those with real servers one package at a time
	CGO_ENABLED=1 $(GO) test -race -timeout 15m $$($(GO) list ./... | grep -vE '$(REAL)')
	CGO_ENABLED=1 $(GO) test -race -timeout 15m -p 1 $$($(GO) list ./... | grep -E '$(REAL)')

fuzz: ## run each fuzz target for FUZZ (60s)
	@internal/tools/fuzz.sh $(FUZZ)

prove: setup lint race ## the long forms: fuzz targets 10 million times, half an hour of live traffic, kills, outages, the full benchmark
	@internal/tools/fuzz.sh 10000000x
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 60m -v -run 'HighestRate|Drain|Soak|Storm|ReloadUnderLoad' ./internal/livetest
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 40m -v -run 'Outage|Rate|Latency' ./output/elasticsearch
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 120m -p 1 -v -run 'Killed|TestRate|RealBroker|OtherPeoples|NoNameForges' ./internal/deliverytest ./output/syslog ./output/kafka ./output/format
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 60m -v ./output/spool
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 20m -v -run 'TestElasticsearch$$' ./cmd/cleartap
	CLEARTAP_PROVE=1 $(GO) test -count 1 -timeout 20m -v -run 'MemoryIsBounded|Campaigns|RestartsChange' -bench 'Observe|Save' ./detectors/signals
	@$(MAKE) --no-print-directory bench

bench: build ## measure beside tcpdump, dsniff, tshark and others; writes docs/benchmarks.md
	@internal/tools/setup.sh bench
	@mkdir -p $(BENCH)
	$(GO) run ./internal/bench compare --dir $(BENCH) --cleartap $(CURDIR)/bin/cleartap --report docs/benchmarks.md

bench-go: ## Go benchmarks of each stage, ten times each, for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count 10 ./capture ./reassembly ./detectors/... ./output/...

profile: ## CPU and heap profiles of a scan of generated traffic, in build/
	@mkdir -p build
	$(GO) test -run '^$$' -bench BenchmarkScan -benchtime 5s -cpuprofile build/cpu.prof -memprofile build/heap.prof -o build/sensor.test ./internal/sensor
	$(GO) tool pprof -top -nodecount 30 build/sensor.test build/cpu.prof

pcaps: ## record the captures in pcaps/ anew, between real servers and clients
	@internal/tools/setup.sh test
	$(GO) run ./pcaps/record
	$(GO) test ./cmd/cleartap -run Golden -update

clean: ## remove what was built here
	rm -rf bin build
