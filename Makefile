# Everything here installs what it needs first (scripts/setup.sh, Debian 12), and says what it is doing.
#   make test STAGES="unit fuzz"    only these stages (scripts/test.sh lists them)
#   make demo ARGS="--format debezium", make bench ARGS=..., make conformance ARGS="-k types"
#                                    options for leat tail, for bench/run.py, for pytest

.DEFAULT_GOAL := help
.PHONY: help build package demo test test-long bench conformance format clean

help:
	@echo 'make build    build/release/leat'
	@echo 'make package  a Debian package of it, in build/release/package/'
	@echo 'make demo     a throwaway PostgreSQL with a shop that keeps selling, and leat tail on it'
	@echo 'make test     everything that has to pass'
	@echo 'make test-long  tests of memory with 10 million rows and a value of 900 MB'
	@echo 'make bench    measures the release build'
	@echo 'make conformance  compares leat with the real Debezium, record by record'
	@echo 'make format   formats the C++ code'
	@echo 'make clean    removes build/'

build:
	@scripts/build.sh

package:
	@scripts/package.sh

demo:
	@scripts/demo.sh $(ARGS)

test:
	@scripts/test.sh $(STAGES)

test-long:
	@scripts/test.sh long

bench:
	@scripts/bench.sh $(ARGS)

conformance:
	@scripts/conformance.sh $(ARGS)

format:
	@scripts/setup.sh format
	@scripts/cpp-format.sh -i

clean:
	@rm -rf build
