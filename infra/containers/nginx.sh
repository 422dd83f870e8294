# Fills in the templates, as the entry point of the image nginx-unprivileged does.
set -eu
for template in /etc/nginx/templates/*.template; do
    name=$(basename "$template" .template)
    envsubst "$(printf '${%s} ' $(env | cut -d= -f1))" <"$template" >"$NGINX_ENVSUBST_OUTPUT_DIR/$name"
done
exec nginx -g 'daemon off;'
