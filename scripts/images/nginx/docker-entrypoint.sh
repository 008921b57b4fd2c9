#!/bin/sh
# Renders /etc/nginx/templates/*.template into conf.d and runs the hooks, as the official image does, then nginx.
set -eu

if [ "${1:-}" = nginx ] || [ "${1:-}" = nginx-debug ]; then
  output=${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}
  if [ -d /etc/nginx/templates ] && [ -w "$output" ]; then
    # Only defined variables are substituted: nginx has its own $names.
    # shellcheck disable=SC2016
    defined=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
    for template in /etc/nginx/templates/*.template; do
      [ -e "$template" ] || continue
      name=$(basename "$template" .template)
      envsubst "$defined" <"$template" >"$output/$name"
    done
  fi
  for hook in /docker-entrypoint.d/*.sh; do
    if [ -x "$hook" ]; then "$hook"; fi
  done
fi
exec "$@"
