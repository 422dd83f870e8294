.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1:8000

.PHONY: help
help: ## What one can do here
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

.venv/service: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/development: requirements-dev.txt .venv/service
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: run
run: .venv/service ## Serve on this machine, with SQLite and a few demo people
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --people 30
	@echo "Start page    http://$(HOST)/"
	@echo "Swagger       http://$(HOST)/api/schema/swagger-ui/"
	@echo "ReDoc         http://$(HOST)/api/schema/redoc/"
	@echo "Admin panel   http://$(HOST)/admin/"
	@$(BIN)/python manage.py runserver $(HOST)

.PHONY: demo
demo: .venv/service ## Add a few hundred demo people with chains of invitations
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py demo --people 400

.PHONY: test
test: .venv/development ## Run the whole suite on a throw-away PostgreSQL and on SQLite
	$(BIN)/python -m tests.servers $(BIN)/pytest --numprocesses 2 --cov --cov-report=term
	$(BIN)/pytest --numprocesses 2

.PHONY: lint
lint: .venv/development ## Check style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check
	$(BIN)/python manage.py spectacular --fail-on-warn --validate --file /dev/null

.PHONY: postman
postman: .venv/service ## Run the Postman collection against a fresh server (needs Node.js)
	$(BIN)/python postman/run.py
