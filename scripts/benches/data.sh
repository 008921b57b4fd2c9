# shellcheck shell=bash
# copying a database: a shop of 6 M rows and 1.1 GB, beside pg_anon, pgcopydb, pg_dump and plain COPY
#
#   --users N   about 31 rows and 5.4 kB for each (200000)
#   --runs N    of each, in turn; medians are shown (3)
: "${root:?}" "${scripts_dir:?}"

users=200000 runs=3
while (($#)); do
  case $1 in
    --users) users=$2 && shift 2 ;;
    --runs) runs=$2 && shift 2 ;;
    --help | -h) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) fail "\`$1\` is no option of this measurement" "scripts/bench data --help" ;;
  esac
done
[[ $users =~ ^[1-9][0-9]*$ && $runs =~ ^[1-9][0-9]*$ ]] || fail "--users and --runs are counts"

data_dir=$scripts_dir/benches/data
bench_out=$root/target/bench
work=$bench_out/data
production=stagectl-bench-production staging=stagectl-bench-staging
mkdir -p "$work"

stop_servers() { docker rm -f -v "$production" "$staging" >/dev/null 2>&1 || true; }
trap stop_servers EXIT

# Both servers with the same settings, as large as a small staging server's.
start_server() { # NAME
  docker run -d --name "$1" --shm-size 1g -p 127.0.0.1::5432 -e POSTGRES_USER=bench -e POSTGRES_PASSWORD=bench \
    -e POSTGRES_DB=shop "$(image_for postgres)" postgres -c shared_buffers=512MB -c max_wal_size=4GB \
    -c checkpoint_timeout=30min >/dev/null
  local deadline=$((SECONDS + 60))
  until docker exec "$1" pg_isready -q -h 127.0.0.1 -U bench -d shop 2>/dev/null; do
    ((SECONDS < deadline)) || fail "the server $1 does not come up" "docker logs $1"
    sleep 0.2
  done
}
port_of() { docker port "$1" 5432/tcp | head -n 1 | sed 's/.*://'; }
url_of() { echo "postgresql://bench:bench@127.0.0.1:$(port_of "$1")/${2:-shop}"; }
sql() { docker exec -i "$1" psql -X -q -At -v ON_ERROR_STOP=1 -U bench -d "${2:-shop}"; }
# With all that earlier runs have kept.
empty_target() {
  {
    sql "$staging" postgres <<<"SELECT format('DROP DATABASE %I WITH (FORCE);', datname) FROM pg_database WHERE datname ~ '^shop'"
    printf '%s\n' 'CREATE DATABASE shop;' CHECKPOINT
  } | sql "$staging" postgres
}
# Microseconds of CPU that the production server has used.
production_cpu() {
  local id file
  id=$(docker inspect --format '{{.Id}}' "$production")
  for file in "/sys/fs/cgroup/system.slice/docker-$id.scope/cpu.stat" "/sys/fs/cgroup/docker/$id/cpu.stat"; do
    [[ ! -r $file ]] || { awk '$1 == "usage_usec" { print $2 }' "$file" && return; }
  done
  for file in "/sys/fs/cgroup/cpuacct/docker/$id/cpuacct.usage" "/sys/fs/cgroup/cpu,cpuacct/docker/$id/cpuacct.usage"; do
    [[ ! -r $file ]] || { awk '{ printf "%d\n", $1 / 1000 }' "$file" && return; }
  done
  # Without the control group's own file: the processes of the server, and of those that have ended (cutime).
  docker top "$production" -eo pid | tail -n +2 | while read -r pid; do cut -d ' ' -f 14-17 "/proc/$pid/stat"; done |
    awk -v hertz="$(getconf CLK_TCK)" '{ sum += $1 + $2 + $3 + $4 } END { printf "%d\n", sum * 1000000 / hertz }'
}

# --- the peers ---

copy_pg_anon() { # masked, by SQL expressions
  local common=(--db-host 127.0.0.1 --db-user bench --db-user-password bench --db-name shop --db-connections 4)
  "$work/pg_anon/bin/pg_anon" dump "${common[@]}" --db-port "$(port_of "$production")" --clear-output-dir \
    --prepared-sens-dict-file "$data_dir/pg_anon.py" --output-dir "$work/pg_anon_out" >"$work/pg_anon.log" 2>&1 &&
    "$work/pg_anon/bin/pg_anon" restore "${common[@]}" --db-port "$(port_of "$staging")" \
      --input-dir "$work/pg_anon_out" >>"$work/pg_anon.log" 2>&1
}
copy_pgcopydb() { # not masked
  pgcopydb clone --source "$(url_of "$production")" --target "$(url_of "$staging")" --table-jobs 4 --index-jobs 4 \
    --no-owner --no-acl --dir "$work/pgcopydb" --restart >"$work/pgcopydb.log" 2>&1
}
copy_pg_dump() { # not masked
  rm -rf "$work/dump"
  pg_dump -Fd -j4 -Z1 -f "$work/dump" "$(url_of "$production")" >"$work/pg_dump.log" 2>&1 &&
    pg_restore -j4 --no-owner -d "$(url_of "$staging")" "$work/dump" >>"$work/pg_dump.log" 2>&1
}
# Not masked: rows alone, four at a time, the largest tables first and cut in four by place.
copy_binary() {
  local from to
  from=$(url_of "$production") to=$(url_of "$staging")
  copy_columns | xargs -d '\n' -P 4 -n 1 bash -c '
    IFS="|" read -r table columns where <<<"$3"
    psql -X -q -d "$1" -c "COPY (SELECT $columns FROM ONLY $table $where) TO STDOUT (FORMAT binary)" |
      psql -X -q -d "$2" -c "COPY $table ($columns) FROM STDIN (FORMAT binary)"' _ "$from" "$to"
}
read_binary() {
  copy_columns | xargs -d '\n' -P 4 -n 1 bash -c '
    IFS="|" read -r table columns where <<<"$2"
    psql -X -q -d "$1" -c "COPY (SELECT $columns FROM ONLY $table $where) TO STDOUT (FORMAT binary)" >/dev/null' _ "$(url_of "$production")"
}
copy_columns() {
  sql "$production" <<'SQL'
SELECT format('%s|%s|%s', c.oid::regclass, (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
         WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''),
       CASE WHEN parts > 1 THEN format('WHERE ctid >= ''(%s,0)''', part * blocks)
         || CASE WHEN part < parts - 1 THEN format(' AND ctid < ''(%s,0)''', (part + 1) * blocks) ELSE '' END END)
FROM pg_class c
CROSS JOIN LATERAL (SELECT CASE WHEN pg_relation_size(c.oid) > 33554432 THEN 4 ELSE 1 END AS parts) AS p
CROSS JOIN LATERAL (SELECT pg_relation_size(c.oid) / 8192 / parts + 1 AS blocks) AS b
CROSS JOIN LATERAL generate_series(0, parts - 1) AS part
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
ORDER BY pg_relation_size(c.oid) DESC, part
SQL
}

# --- ours ---

copy_stagectl() { # LABEL ARGS...
  local label=$1 status=0
  shift
  STAGECTL_FROM=$(url_of "$production" "${source_database:-shop}") STAGECTL_TO=$(url_of "$staging") STAGECTL_MASKING_KEY=$(printf 'k%.0s' {1..32}) \
    command time -f '%M' -o "$work/$label.rss" "$stagectl" copy-data --yes --json --masking "$data_dir/masking.yml" \
    --this-is-staging 127.0.0.1/shop --reports "$work/reports" "$@" >"$work/$label.json" 2>"$work/$label.log" || status=$?
  ((status == 0)) || tail -n 5 "$work/$label.log" >&2
  return "$status"
}
# Rows of staging whose foreign key leads nowhere, counted key by key, whatever the server believes of it.
violated_keys() {
  sql "$staging" <<'SQL' | awk '{ sum += $1 } END { print sum + 0 }'
SELECT format('SELECT count(*) FROM %s c WHERE ROW(%s) IS NOT NULL AND NOT EXISTS (SELECT FROM %s p WHERE %s)', conrelid::regclass,
  string_agg(format('c.%I', own.attname), ', '), confrelid::regclass, string_agg(format('p.%I = c.%I', other.attname, own.attname), ' AND '))
FROM pg_constraint
CROSS JOIN LATERAL unnest(conkey, confkey) AS pair (own, other)
JOIN pg_attribute own ON own.attrelid = conrelid AND own.attnum = pair.own
JOIN pg_attribute other ON other.attrelid = confrelid AND other.attnum = pair.other
WHERE contype = 'f' AND conparentid = 0
GROUP BY pg_constraint.oid, conrelid, confrelid \gexec
SQL
}
report() { # LABEL PYTHON-EXPRESSION over the report `r`
  python3 -c 'import json, sys; r = json.load(open(sys.argv[1])); b = r.get("body", r); print(eval(sys.argv[2]))' "$work/$1.json" "$2" 2>/dev/null || echo -
}

# --- the measurement ---

ensure_engine
ensure_images
ensure_command psql postgresql-client "the peers"
ensure_command python3 python3 "pg_anon"
[[ -x $(type -P time) ]] || install_packages "measuring memory" time
[[ -n $(type -P pgcopydb) ]] || (install_packages "a peer" pgcopydb) || say "pgcopydb is missing: its rows stay empty"
[[ -x $work/pg_anon/bin/pg_anon ]] || { python3 -m venv "$work/pg_anon" && "$work/pg_anon/bin/pip" -q install pg-anon; } >"$work/pip.log" 2>&1 ||
  say "pg_anon is missing: its rows stay empty ($work/pip.log)"
[[ -n ${stagectl:-} ]] || release_binary

step "the servers, and a shop of $users users"
stop_servers
start_server "$production"
start_server "$staging"
generate() { # DATABASE USERS
  local part
  for part in tables rows keys; do sql "$production" "$1" <<<"\\set users $2
$(cat "$data_dir/shop-$part.sql")" >/dev/null; done
}
generate shop "$users"
echo 'CREATE DATABASE small;' | sql "$production" postgres
generate small 4000
say "$(sql "$production" <<<"SELECT pg_size_pretty(pg_database_size('shop')) || ', ' || sum(reltuples)::bigint || ' rows' FROM pg_class WHERE relkind = 'r'")"

declare -A times
record() { times[$1]+=" $2"; }
timed() { # LABEL COMMAND...: a run that fails is no measurement.
  local label=$1 ms
  shift
  if ms=$(measure_ms "$@"); then record "$label" "$ms" && say "$label: $ms ms"; else say "$label failed"; fi
}
middle() { # LABEL [UNIT]
  # shellcheck disable=SC2086
  if [[ -n ${times[$1]:-} ]]; then median ${times[$1]} | awk -v by="${2:-1}" '{ print $1 / by }'; else echo -; fi
}

total() { # LABEL
  local values=${times[$1]:-}
  if [[ -n $values ]]; then awk '{ for (i = 1; i <= NF; i++) sum += $i; print sum + 0 }' <<<"$values"; else echo -; fi
}

for ((run = 1; run <= runs; run++)); do
  step "run $run of $runs"
  empty_target
  before=$(production_cpu)
  timed ours copy_stagectl ours --all
  record ours_cpu $((($(production_cpu) - before) / 1000))
  record ours_rss "$(tail -n 1 "$work/ours.rss")"
  data_ms=$(report ours 'max([t["ms"] for t in b["tables"]] or [0]) if "rows_ms" not in b else b["rows_ms"]')
  [[ $data_ms == - ]] || record ours_rows "$data_ms"
  leak_ms=$(report ours 'b["leak_check"]["ms"]')
  [[ $leak_ms == - ]] || record ours_leak "$leak_ms"
  away_ms=$(report ours 'b["away_ms"]')
  [[ $away_ms == - || $away_ms == None ]] || record ours_away "$away_ms"
  record ours_violated "$(violated_keys)"
  # Each into an empty database, as the full copy: a backup of what was there is no part of a subset.
  for limit in 10 1000; do
    empty_target
    timed "ours_$limit" copy_stagectl "ours_$limit" --root users --limit "$limit"
    record ours_violated "$(violated_keys)"
  done
  empty_target
  source_database=small timed ours_small copy_stagectl ours_small --all
  record ours_small_rss "$(tail -n 1 "$work/ours_small.rss")"
  if [[ -x $work/pg_anon/bin/pg_anon ]]; then
    "$work/pg_anon/bin/pg_anon" init --db-host 127.0.0.1 --db-port "$(port_of "$production")" --db-user bench \
      --db-user-password bench --db-name shop >"$work/pg_anon.log" 2>&1
    empty_target
    timed pg_anon copy_pg_anon
    echo 'DROP SCHEMA IF EXISTS anon_funcs CASCADE;' | sql "$production"
  fi
  if [[ -n $(type -P pgcopydb) ]]; then
    empty_target
    timed pgcopydb copy_pgcopydb
  fi
  empty_target
  timed pg_dump copy_pg_dump
  empty_target
  sql "$staging" <"$data_dir/shop-tables.sql" >/dev/null
  timed binary copy_binary
  before=$(production_cpu)
  timed read read_binary
  record read_cpu $((($(production_cpu) - before) / 1000))
done

bench_begin data "$bench_out"
bench_row "masked full copy with proof and swap, beside pg_anon" s "$(middle ours 1000)" "$(middle pg_anon 1000)" x0.55
bench_row "the same, beside pgcopydb (which masks nothing)" s "$(middle ours 1000)" "$(middle pgcopydb 1000)" x1.0
bench_row "the same, beside pg_dump -j4 | pg_restore -j4" s "$(middle ours 1000)" "$(middle pg_dump 1000)" x1.0
bench_row "rows alone, masked, beside binary COPY with 4 workers" s "$(middle ours_rows 1000)" "$(middle binary 1000)" x1.25
bench_row "CPU on production, beside reading with COPY" s "$(middle ours_cpu 1000)" "$(middle read_cpu 1000)" x1.1
bench_row "memory, full copy" MB "$(middle ours_rss 1024)" - '<64'
bench_row "memory, full copy beside one of 25 MB" MB "$(middle ours_rss 1024)" "$(middle ours_small_rss 1024)" x1.25
bench_row "10 users, end to end" s "$(middle ours_10 1000)" - '<0.5'
bench_row "1,000 users, end to end" s "$(middle ours_1000 1000)" - '<1.5'
bench_row "rows with a violated key, of all copies together" rows "$(total ours_violated)" - '<0'
bench_row "leak check, beside the copy" s "$(middle ours_leak 1000)" "$(middle ours 1000)" x0.4
bench_row "staging away during the swap" ms "$(middle ours_away)" - '<50'
bench_end
