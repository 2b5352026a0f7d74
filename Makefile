# SPDX-License-Identifier: Apache-2.0
# bpfmatrix: `make` lists what there is to make.

libbpf := $(shell scripts/setup.sh --libbpf-dir)
export PKG_CONFIG_PATH := $(libbpf)/lib/pkgconfig:$(PKG_CONFIG_PATH)

SWIFT ?= swift
# The plan's, as far as they can be had: Debian has no 5.15 and no 6.6, the public registries have.
KERNELS ?= 5.10?,5.15?,6.1?,6.6?
BENCH_KERNELS ?= 5.10,6.1,6.12,7.2
# The newest that the archive has among them.
ACCURACY_KERNELS ?= 5.10,6.1,6.12,7.2,latest
# For each reader that is fuzzed.
FUZZ_SECONDS ?= 60
tool := .build/release/bpfmatrix
formatted := Sources Tests Package.swift Fuzz/Package.swift Fuzz/Sources/bpfmatrix-fuzz

.DEFAULT_GOAL := help
.PHONY: help setup build demo test fuzz causes unknown bench lint format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing, build the pinned libbpf outside the tree
	@scripts/setup.sh

build: setup ## build the tool and the guest agent, optimised
	$(SWIFT) build -c release --product bpfmatrix
	$(SWIFT) build -c release --product bpfmatrix-guest

demo: build ## pull 5.10, 5.15, 6.1 and 6.6 as far as they can be had, test src/bpf on them
	$(tool) test src/bpf --kernels '$(KERNELS)'

# The agent is built optimised for the tests too: it runs in emulated guests, where every instruction costs.
test: ## install what is missing, build, run every test
	@scripts/setup.sh --test
	$(SWIFT) build -c release --product bpfmatrix-guest
	$(SWIFT) test
	Fuzz/run.sh 4

fuzz: ## feed every reader of foreign bytes with garbage, FUZZ_SECONDS=60 each
	Fuzz/run.sh $(FUZZ_SECONDS)

causes: setup ## rebuild docs/causes.md from what kernels say
	@scripts/setup.sh --test
	$(SWIFT) build -c release --product bpfmatrix-guest
	BPFMATRIX_WRITE_CAUSES=1 $(SWIFT) test --filter CauseTests

unknown: build ## list the refusals of Tests/Causes that no rule knows, on every kernel line in the archive
	@scripts/setup.sh --test
	scripts/unknown-causes.sh

bench: setup ## measure: restores against boots, one pass against reloads, lanes, sizes
	@scripts/setup.sh --test
	$(SWIFT) build -c release --product bpfmatrix-bench
	$(SWIFT) build -c release --product bpfmatrix-guest
	$(SWIFT) build -c release --product bpfmatrix
	.build/release/bpfmatrix-bench --kernels $(BENCH_KERNELS) --json bench.json $(if $(VIRTME_KERNEL),--virtme-kernel $(VIRTME_KERNEL))

# What check predicts against what kernels say: libbpf-tools, the programs made to be refused, and those that predictions once got wrong.
accuracy: setup ## hold what `check` predicts against what kernels say
	@scripts/setup.sh --test
	$(SWIFT) build -c release --product bpfmatrix-accuracy
	$(SWIFT) build -c release --product bpfmatrix-guest
	$(SWIFT) build -c release --product bpfmatrix
	.build/release/bpfmatrix-accuracy --kernels $(ACCURACY_KERNELS)
	$(tool) compile Tests/Causes -o .build/causes
	.build/release/bpfmatrix-accuracy --as-compiled --kernels $(ACCURACY_KERNELS) .build/causes/*.o
	$(tool) compile Tests/Check -o .build/check
	.build/release/bpfmatrix-accuracy --kernels $(ACCURACY_KERNELS) .build/check/*.o

lint: ## what swift-format has to say
	$(SWIFT) format lint --strict --recursive $(formatted)

format: ## let swift-format mend what it can
	$(SWIFT) format --in-place --recursive $(formatted)

clean: ## remove what was built here (kernels and libbpf stay in the cache)
	rm -rf .build Fuzz/.build Fuzz/.corpus Fuzz/.found
