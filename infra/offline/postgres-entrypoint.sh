#!/bin/bash
# Makes the cluster and the database of POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB where the data folder is empty, then becomes the server.
set -euo pipefail

make_cluster() {
  local user=${POSTGRES_USER:-postgres}
  local database=${POSTGRES_DB:-$user}
  initdb --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:?must be set: the password of a new database}") \
    --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
  printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
  if [[ $database != postgres ]]; then
    printf 'CREATE DATABASE "%s"\n' "${database//\"/\"\"}" | postgres --single -D "$PGDATA" postgres
  fi
}

if [[ $1 == postgres && ! -s $PGDATA/PG_VERSION ]]; then
  make_cluster
fi
exec "$@"
