# Refuses to replace the database while the service uses it. For the scripts that restore.
running=$(docker compose ps --services --status running | grep -E '^(web|worker|webhooks|beat|migrate)$' || true)
if [ -n "$running" ]; then
    echo "The service runs ($(echo $running)). Stop it first: docker compose stop web worker webhooks beat" >&2
    exit 1
fi
