#!/bin/sh
# Dumps the database of the Compose file into a file, and reads it back before the file gets its name.
# infra/backup.sh [FOLDER] (backups beside this script); prints the name of the file.
set -eu
cd "$(dirname "$0")"
folder=${1:-backups}
mkdir -p "$folder"
umask 077
file=$folder/referral-$(date -u +%Y%m%dT%H%M%SZ).dump
trap 'rm -f "$file.part"' EXIT
docker compose exec -T postgres pg_dump --username referral --format custom referral >"$file.part"
# Reads every byte: a truncated dump has an intact list of contents.
docker compose exec -T postgres pg_restore --file /dev/null <"$file.part"
mv "$file.part" "$file"
echo "$file"
