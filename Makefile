# SPDX-License-Identifier: Apache-2.0
# The commands of everyday work; `make help` lists them. CMake presets do the building.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60
ROUTE_COMPARISONS ?= 10000000
ROUTE_SEED ?= 1
BENCH_FLAGS ?=
RELOAD_FLAGS ?=
BIG_FLAGS ?=
SUITE ?= v1.7.0
RUN ?=
CONFORMANCE_FLAGS ?=
CLUSTER_FLAGS ?=
ADMISSION_FLAGS ?=
SCENARIO_FLAGS ?=
IMAGE_FLAGS ?=
export FUZZ_SECONDS JOBS

.PHONY: help run build release test bench bench-micro bench-syscalls bench-idle bench-flood bench-cluster fuzz fuzz-routes coverage reload revive big h2spec conformance admission scenarios cluster image-test format lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

run: ## build and serve examples/httpbin.yaml with the demo backend
	@scripts/install-packages build
	@scripts/build release gatehouse
	@scripts/run-demo

build: ## build everything with the sanitizers of `make test`
	@scripts/install-packages build test
	@scripts/build dev all

release: ## build the product: build/release/gatehouse
	@scripts/install-packages build
	@scripts/build release gatehouse

test: ## everything CI checks: ASan+UBSan, TSan, fuzz targets
	@scripts/install-packages build test
	@scripts/run-tests

bench: ## whole proxies side by side: CPU per request, latency, memory (BENCH_FLAGS="--help")
	@scripts/install-packages build bench
	@scripts/build bench gatehouse bench_floor
	@python3 bench/load/run.py $(BENCH_FLAGS) || status=$$?; \
	[ -n "$(BENCH_FLAGS)" ] || python3 bench/load/idle.py || status=$$?; exit $${status:-0}

bench-micro: ## Google Benchmark programs, one per *_bench.cpp
	@scripts/install-packages build bench
	@scripts/build bench bench_micro
	@for program in build/bench/bench/bench_*; do \
	  [ "$${program##*/}" = bench_floor ] || [ ! -x "$$program" ] || [ -d "$$program" ] || "$$program"; done

bench-syscalls: ## system calls per request of a worker under load
	@scripts/install-packages build bench
	@scripts/build bench gatehouse
	@python3 bench/load/syscalls.py $(BENCH_FLAGS)

bench-idle: ## memory of 10,000 idle keep-alive connections, plain and over TLS
	@scripts/install-packages build bench
	@scripts/build bench gatehouse
	@python3 bench/load/idle.py $(BENCH_FLAGS)

bench-flood: ## latency of open TLS connections under a flood of RSA handshakes
	@scripts/install-packages build bench
	@scripts/build bench gatehouse
	@python3 bench/load/flood.py $(BENCH_FLAGS)

bench-cluster: ## as a controller on a real API server: latency of changes, memory, CPU (BENCH_FLAGS="--percent 10")
	@scripts/install-packages build
	@scripts/build release gatehouse
	@programs=$$(scripts/build-conformance) && "$$programs/rig" up --replicas 0 --output build/conformance/bench -- \
	  "$$programs/bench-cluster" --gatehouse "$${GATEHOUSE:-build/release/gatehouse}" $(BENCH_FLAGS)

fuzz: ## run every fuzz target FUZZ_SECONDS (60) on its corpus
	@scripts/install-packages build test
	@scripts/build fuzz fuzz_targets
	@scripts/run-fuzzers

h2spec: ## every case of h2spec, --strict, against a release build
	@scripts/install-packages build test
	@scripts/build release gatehouse
	@python3 -B tests/process/h2spec_test.py

conformance: ## the conformance suite of Gateway API on a real API server (RUN=ShortName SUITE=v1.6.3)
	@scripts/install-packages build
	@scripts/build release gatehouse
	@programs=$$(scripts/build-conformance $(SUITE)) && "$$programs/rig" suite --gateway-api $(SUITE) \
	  --output build/conformance/$(SUITE) --run "$(RUN)" --report docs/conformance/gatehouse-$(SUITE).yaml \
	  --version "$$(build/release/gatehouse version | awk '{print $$2; exit}')" $(CONFORMANCE_FLAGS)

scenarios: ## what goes wrong around a gateway in a cluster: lost API servers, killed leaders, corrupted objects (SCENARIO_FLAGS="--help")
	@scripts/install-packages build
	@scripts/build release gatehouse
	@programs=$$(scripts/build-conformance) && "$$programs/scenarios" $(SCENARIO_FLAGS)

admission: ## objects that `gatehouse validate` and a real API server have to agree on (ADMISSION_FLAGS="--help")
	@scripts/install-packages build test
	@scripts/build release gatehouse
	@programs=$$(scripts/build-conformance) && "$$programs/rig" up --replicas 0 --output build/conformance/admission -- \
	  python3 -B tests/conformance/admission/admission_test.py --gatehouse build/release/gatehouse $(ADMISSION_FLAGS)

cluster: ## a cluster with a release build in it, until Ctrl-C (CLUSTER_FLAGS="--help")
	@scripts/install-packages build
	@scripts/build release gatehouse
	@programs=$$(scripts/build-conformance) && "$$programs/rig" up --output build/conformance/cluster $(CLUSTER_FLAGS)

reload: ## 2,000 edits of a release build's configuration under load (RELOAD_FLAGS="--help")
	@scripts/install-packages build test
	@scripts/build release gatehouse
	@python3 -B tests/reload/reload.py --edits 2000 $(RELOAD_FLAGS)

revive: ## backends of a release build that die, come back and flap under 2,000 requests per second
	@scripts/install-packages build test
	@scripts/build release gatehouse
	@python3 -B tests/process/revive_test.py --rate 2000

big: ## 1,000 held uploads, 5 GiB transfers, crowds and churn against a release build (BIG_FLAGS="--help")
	@scripts/install-packages build test
	@scripts/build release gatehouse
	@python3 -B tests/big/big.py $(BIG_FLAGS)

fuzz-routes: ## ROUTE_COMPARISONS (10 million) route decisions against a linear reference, without sanitizers
	@scripts/install-packages build test
	@cmake -S . -B build/routes -G Ninja -DCMAKE_BUILD_TYPE=Release -DGATEHOUSE_TESTS=ON >/dev/null
	@cmake --build build/routes --parallel $(JOBS) --target route_differential
	@build/routes/tests/fuzz/route_differential $(ROUTE_COMPARISONS) $(ROUTE_SEED)

coverage: ## line coverage of routing, config and proxy/http, at least 85 %
	@scripts/install-packages build test
	@scripts/run-coverage

image-test: ## the Dockerfile's steps without a container engine, and its result without rights (as root; IMAGE_FLAGS="--help")
	@scripts/install-packages image
	@python3 -B tests/image/image_test.py $(IMAGE_FLAGS)

format: ## clang-format every source file in place
	@scripts/install-packages test
	@git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format -i

lint: ## formatting, clang-tidy and the layering rules; changes nothing
	@scripts/install-packages build test
	@scripts/run-lint

clean: ## remove all build results
	@rm -rf build
