"""PostgreSQL or SQLite, and Redis."""

from referral_project.settings.environment import BASE_DIR, env

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DATABASE_CONNECT_TIMEOUT_SECONDS = env.float("DATABASE_CONNECT_TIMEOUT_SECONDS", default=2.0)
# Below the 30 s for which nginx waits for an answer; 0: no limit.
DATABASE_STATEMENT_TIMEOUT_SECONDS = env.int("DATABASE_STATEMENT_TIMEOUT_SECONDS", default=20)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # In WAL mode readers never wait. An immediate transaction waits for the write lock instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    DATABASES["default"] |= {
        "ENGINE": "common.database.postgresql",
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE_SECONDS", default=60),
        "CONN_HEALTH_CHECKS": True,
    }
    if env.bool("DATABASE_POOLED_BY_PGBOUNCER", default=False):
        # In transaction mode neither a cursor nor a session time-out survives; infra/pgbouncer.ini sets the time-outs.
        DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    elif DATABASE_STATEMENT_TIMEOUT_SECONDS:
        # The server cancels statements of clients that have given up, and releases locks of clients that are gone.
        limit = f"-c statement_timeout={DATABASE_STATEMENT_TIMEOUT_SECONDS}s"
        limit += f" -c idle_in_transaction_session_timeout={DATABASE_STATEMENT_TIMEOUT_SECONDS}s"
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", limit)
# How long one statement of a migration waits for a lock, and how long it is tried again while others use the table.
MIGRATION_LOCK_TIMEOUT_SECONDS = env.float("MIGRATION_LOCK_TIMEOUT_SECONDS", default=1.0)
MIGRATION_PATIENCE_SECONDS = env.int("MIGRATION_PATIENCE_SECONDS", default=900)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
