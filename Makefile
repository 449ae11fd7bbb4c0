# Everything here installs what it needs first (scripts/setup.sh, Debian 12), and says what it is doing.
#   make test STAGES="unit fuzz"    only these stages (scripts/test.sh lists them)
#   make demo ARGS="--format debezium", make bench ARGS=...    options for leat tail, for bench/run.py

.DEFAULT_GOAL := help
.PHONY: help build demo test bench format clean

help:
	@echo 'make build    build/release/leat'
	@echo 'make demo     a throwaway PostgreSQL with a shop that keeps selling, and leat tail on it'
	@echo 'make test     everything that has to pass'
	@echo 'make bench    measures the release build'
	@echo 'make format   formats the C++ code'
	@echo 'make clean    removes build/'

build:
	@scripts/build.sh

demo:
	@scripts/demo.sh $(ARGS)

test:
	@scripts/test.sh $(STAGES)

bench:
	@scripts/bench.sh $(ARGS)

format:
	@scripts/setup.sh format
	@scripts/cpp-format.sh -i

clean:
	@rm -rf build
