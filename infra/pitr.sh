#!/bin/sh
# Backs the database up by pgBackRest, and takes it back to a point in time (docker-compose.pitr.yml).
# infra/pitr.sh backup [full|diff|incr], infra/pitr.sh restore [TIME], such as "2026-11-27 10:00:00+00"; without a time
# to the newest state.
set -eu
cd "$(dirname "$0")"
pgbackrest() { docker compose exec -T --user postgres postgres pgbackrest "$@"; }
case "${1:-}" in
backup)
    pgbackrest stanza-create
    # Waits until a new file of the write-ahead log is in the archive.
    pgbackrest check
    pgbackrest backup --type="${2:-incr}"
    pgbackrest info
    ;;
restore)
    . ./service_stopped.sh
    docker compose stop postgres
    set -- ${2:+--type=time "--target=$2" --target-action=promote}
    # Files that are as in the backup stay. The folder is missing in a new volume.
    docker compose run --rm --no-deps -T --user postgres postgres \
        sh -c 'mkdir -p -m 700 "$PGDATA" && exec pgbackrest restore --delta "$@"' sh "$@"
    docker compose up --detach --wait --no-deps postgres
    until [ "$(docker compose exec -T postgres psql --username referral --no-align --tuples-only --command 'SELECT pg_is_in_recovery()')" = f ]; do sleep 1; done
    echo "Restored. Start the service: docker compose up -d. Then: infra/pitr.sh backup full"
    ;;
*)
    echo "usage: infra/pitr.sh backup [full|diff|incr], or restore [TIME]" >&2
    exit 2
    ;;
esac
