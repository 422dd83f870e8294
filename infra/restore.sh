#!/bin/sh
# Replaces the database of the Compose file by a dump: entirely, or not. infra/restore.sh FILE
set -eu
cd "$(dirname "$0")"
file=${1:?usage: infra/restore.sh FILE}
[ -r "$file" ] || { echo "$file can't be read" >&2 && exit 1; }
. ./service_stopped.sh
postgres() { docker compose exec -T postgres "$@"; }
# A damaged dump is refused before anything changes.
postgres pg_restore --file /dev/null <"$file" || { echo "$file is damaged; the database is as it was" >&2 && exit 1; }
# One transaction: an error leaves the database as it was.
postgres pg_restore --username referral --dbname referral --clean --if-exists --single-transaction --exit-on-error <"$file" ||
    { echo "The dump was not restored; the database is as it was" >&2 && exit 1; }
postgres psql --username referral --dbname referral --quiet --command 'ANALYZE'
echo "Restored. Start the service: docker compose up -d"
