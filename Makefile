# The front door; the knowledge is in scripts/.
.PHONY: build demo test lint sanitize fuzz coverage endure bench clean

build:
	@scripts/build

demo: build
	@scripts/demo

test: build
	@scripts/test

lint: build
	@scripts/lint

sanitize: build
	@scripts/test --only 'sanitize*' --only 'tsan*'

fuzz: build
	@scripts/fuzz --seconds 300 --jobs 2

coverage: build
	@scripts/coverage

bench: build
	@scripts/bench

# SECONDS=600: for how long.
endure: build
	@scripts/endure --seconds $(or $(SECONDS),60)

clean:
	rm -rf build .venv
