# Everything a newcomer needs is `make run` and `make test`; both set up .venv by themselves.
PYTHON ?= python3
BIN := .venv/bin
SITE ?= samples/site.yaml
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --override requirements/overrides.txt
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: run test bench bench-scenes check format lock clean help test-tools simulator-tools

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

run: .venv/run.stamp  ## set up, then run the service on the shipped samples (SITE=... for your own)
	@exec $(BIN)/detector serve $(SITE)

test: .venv/dev.stamp  ## set up, then run all tests
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

bench: .venv/dev.stamp  ## set up, then score the shipped samples: build/bench/report.html (SITE=... for your own)
	$(BIN)/detector bench accuracy $(SITE) --out build/bench

bench-scenes: .venv/dev.stamp  ## render the dev and test scenes (needs simulator-tools) and score them: about an hour
	set -e; for group in dev test; do \
		$(BIN)/python -m benchmarks.simulator render-set benchmarks/scenes/$$group build/scenes/$$group; \
		$(BIN)/python -m benchmarks.sample_site build/scenes/$$group --site $$group > build/scenes/$$group/site.yaml; \
		$(BIN)/detector bench accuracy build/scenes/$$group/site.yaml --out benchmarks/results/accuracy-$$group; \
	done

check: .venv/dev.stamp  ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.stamp  ## rewrite the files the way `make check` wants them
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev.stamp  ## resolve the dependencies anew (versions and hashes, no addresses)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra openvino pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) --upgrade --extra openvino --extra mqtt --extra onvif --extra postgres --extra bench --extra simulator --extra dev \
		-c requirements/run.txt pyproject.toml requirements/build.in -o requirements/dev.txt

test-tools:  ## Debian packages for the tests that otherwise skip: RTSP server, browser, PostgreSQL
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends chromium chromium-driver postgresql python3-gi \
		gir1.2-gst-rtsp-server-1.0 gir1.2-gstreamer-1.0 gstreamer1.0-rtsp \
		gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad

simulator-tools:  ## Debian packages for rendering scenes (OpenGL in software)
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends libegl1 libegl-mesa0 libgl1-mesa-dri libgbm1

clean:  ## remove the environment and everything made
	rm -rf .venv build

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version)'
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements/run.txt pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements/run.txt
	$(PIP) --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml | .venv/bin/python
	$(PIP) --require-hashes -r requirements/dev.txt
	$(PIP) --no-build-isolation -e .
	@touch $@ .venv/run.stamp
