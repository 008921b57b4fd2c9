# shellcheck shell=bash
# The sample production: PostgreSQL and Redis in two containers of their own. Needs log.sh, images.sh.
: "${scripts_dir:?the folder scripts}" "${demo_dir:?the folder of the demo}"

production_network=1001-stories-production
production_db=1001-stories-production-db
production_redis=1001-stories-production-redis
production_database=stories_production
production_owner=stories_owner
production_db_port=5532
production_redis_port=6479

# The passwords, made once per demo folder and readable by nobody else.
production_secrets() {
  local file=$demo_dir/.production-secrets name
  if [[ ! -s $file ]]; then
    (
      umask 077
      for name in OWNER READER APP REDIS; do
        echo "PRODUCTION_${name}_PASSWORD=$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')"
      done >"$file"
    )
  fi
  # shellcheck disable=SC1090
  . "$file"
}

# A production made from the same files, users and passwords can be used again.
production_inputs() {
  { inputs_hash "$scripts_dir/sample/production" "$1 $(image_for postgres)"; cat "$demo_dir/.production-secrets"; } |
    sha256sum | cut -c1-32
}

# The folder of the demo that the running production belongs to; nothing if there is none.
production_folder() {
  docker inspect --format '{{index .Config.Labels "stagectl.demo-dir"}}' "$production_db" 2>/dev/null || true
}

start_production() { # USERS
  local users=$1 inputs folder
  folder=$(production_folder)
  if [[ -n $folder && $folder != "$demo_dir" && -e $folder/.made-by-demo ]]; then
    fail "the sample production belongs to another demo, in $folder" "remove that one first: scripts/demo --clean --dir $folder"
  fi
  production_secrets
  inputs=$(production_inputs "$users")
  if production_is_current "$inputs"; then
    docker start "$production_db" "$production_redis" >/dev/null
    wait_for_production
    say "production is there already ($users users)"
  else
    stop_production
    create_production "$users" "$inputs"
  fi
  seed_redis
  write_production_env
}

# Only a container whose data was loaded completely carries the mark, so an interrupted run starts afresh.
production_is_current() {
  [[ $(docker inspect --format '{{index .Config.Labels "stagectl.inputs"}}' "$production_db" 2>/dev/null) == "$1" ]] &&
    docker container inspect "$production_redis" >/dev/null 2>&1 &&
    [[ $(cat "$demo_dir/.production-loaded" 2>/dev/null) == "$1" ]]
}

# Names who holds a port before anything is started on it.
require_port() { # PORT WHAT
  local holder
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    holder=$(docker ps --filter "publish=$1" --format 'container {{.Names}}' | head -n 1)
    [[ -n $holder ]] || holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | grep -oE 'users:.*' | head -n 1) || true
    fail "port $1, meant for the $2, is taken by ${holder:-another program}" "stop it, then run this again"
  fi
}

create_production() { # USERS INPUTS
  require_port "$production_db_port" "sample production's database"
  require_port "$production_redis_port" "sample production's Redis"
  local users=$1 inputs=$2 started=$SECONDS
  docker network create --label stagectl.demo=production "$production_network" >/dev/null
  POSTGRES_PASSWORD=$PRODUCTION_OWNER_PASSWORD docker run -d --name "$production_db" --network "$production_network" \
    --label stagectl.demo=production --label "stagectl.demo-dir=$demo_dir" --label "stagectl.inputs=$inputs" -p "127.0.0.1:$production_db_port:5432" \
    -e "POSTGRES_USER=$production_owner" -e POSTGRES_PASSWORD -e "POSTGRES_DB=$production_database" \
    "$(image_for postgres)" postgres -c shared_buffers=256MB -c max_wal_size=2GB >/dev/null
  docker run -d --name "$production_redis" --network "$production_network" \
    --label stagectl.demo=production -p "127.0.0.1:$production_redis_port:6379" \
    "$(image_for redis)" redis-server --requirepass "$PRODUCTION_REDIS_PASSWORD" --save '' >/dev/null
  wait_for_production
  say "loading $users users with their stories, orders and donations"
  production_psql -v "reader_password=$PRODUCTION_READER_PASSWORD" -v "app_password=$PRODUCTION_APP_PASSWORD" \
    <"$scripts_dir/sample/production/schema.sql"
  production_psql -v "users=$users" <"$scripts_dir/sample/production/generate.sql"
  echo "$inputs" >"$demo_dir/.production-loaded"
  say "production is loaded ($((SECONDS - started)) s)"
}

# psql inside the container, as the owner of the database.
production_psql() {
  docker exec -i "$production_db" psql -X -q -v ON_ERROR_STOP=1 -U "$production_owner" -d "$production_database" "$@"
}

production_redis_cli() {
  docker exec -i -e "REDISCLI_AUTH=$PRODUCTION_REDIS_PASSWORD" "$production_redis" redis-cli --no-auth-warning "$@"
}

# Until both answer. Over TCP: while the database is being made, it answers on its socket only.
wait_for_production() {
  local deadline=$((SECONDS + 60))
  until docker exec "$production_db" pg_isready -q -h 127.0.0.1 -U "$production_owner" -d "$production_database" 2>/dev/null &&
    [[ $(production_redis_cli ping 2>/dev/null) == PONG ]]; do
    if ((SECONDS > deadline)) || ! docker inspect --format '{{.State.Running}}' "$production_db" | grep -q true; then
      docker logs --tail 15 "$production_db" >&2
      fail "the sample production does not come up" "the last lines of its database are above"
    fi
    sleep 0.1
  done
}

# Sessions and rate limits expire, so Redis is filled on every start.
seed_redis() {
  local log
  production_redis_cli flushall >/dev/null
  log=$(production_psql -At <"$scripts_dir/sample/production/redis-seed.sql" | production_redis_cli --pipe 2>&1) ||
    fail "Redis does not take its data" "$log"
}

# What stagectl needs to know of production: a role that may only read.
write_production_env() {
  (
    umask 077
    cat >"$demo_dir/.env.production" <<-ENV
	PRODUCTION_DATABASE_URL=postgresql://stories_reader:$PRODUCTION_READER_PASSWORD@127.0.0.1:$production_db_port/$production_database
	PRODUCTION_REDIS_URL=redis://:$PRODUCTION_REDIS_PASSWORD@127.0.0.1:$production_redis_port/0
	ENV
  )
}

stop_production() {
  docker rm -f -v "$production_db" "$production_redis" >/dev/null 2>&1 || true
  docker network rm "$production_network" >/dev/null 2>&1 || true
}
