#!/bin/sh
# Upgrades the services of the Compose file one replica at a time: a new one is healthy before an old one goes.
# infra/deploy.sh [--no-build]
set -eu
cd "$(dirname "$0")"
exec 9>.deploy.lock
flock --nonblock 9 || { echo "Another upgrade is running" >&2 && exit 1; }
if [ "${1:-}" != --no-build ]; then
    VERSION=$(git describe --tags --always 2>/dev/null || echo unreleased) REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown) \
        docker compose build
fi
docker compose up --detach --wait --no-recreate postgres redis
# The old release goes on with the new tables. A failure leaves everything as it was.
docker compose run --rm --no-deps --name referral-migrate migrate

# Lets Nginx send requests to these containers only; without any, to all replicas. It opens no port anew.
route() {
    servers=$([ $# -eq 0 ] || printf 'server %.12s:8000;' "$@")
    docker compose exec -T nginx sh -c 'echo "$1" >/tmp/web.conf && nginx -s reload' sh "${servers:-server web:8000 resolve;}"
}

# Starts as many new containers beside the old ones, waits until they are healthy, then stops the old ones.
replace() {
    old=$(docker compose ps --quiet "$1")
    count=$(echo "$old" | wc -w)
    [ "$count" -gt 0 ] || { docker compose up --detach --wait --no-deps "$1" && return; }
    if ! docker compose up --detach --wait --no-deps --no-recreate --scale "$1=$((count * 2))" "$1"; then
        echo "The new release of $1 is not healthy; the old one goes on" >&2
        # shellcheck disable=SC2046  several containers
        docker rm --force $(docker compose ps --all --quiet "$1" | grep -vF "$old")
        exit 1
    fi
    if [ "$1" = web ]; then
        trap route EXIT
        # shellcheck disable=SC2046  several containers
        route $(docker compose ps --quiet web | grep -vF "$old")
        # An Nginx of a release that reads no such list asks for the addresses every 5 s.
        sleep 6
    fi
    # shellcheck disable=SC2086  several containers
    docker stop -t 40 $old >/dev/null && docker rm $old >/dev/null
    [ "$1" != web ] || { route && trap - EXIT; }
}
replace web
replace worker
replace webhooks
# One scheduler at a time; messages wait for it for seconds at most.
docker compose up --detach --no-deps beat flower
# Nginx keeps its container: a second one can't have the same port. Files that only the new release has, web serves.
[ "$(docker inspect --format '{{.Image}}' "$(docker compose ps --quiet nginx)")" = "$(docker image inspect --format '{{.Id}}' referral-nginx)" ] ||
    echo "Nginx runs the image of the release before. To replace it, which closes its port for seconds: docker compose up -d nginx"
