# shellcheck shell=bash
# the migration lab beside pg_dump, dbmate and squawk: stairway, fingerprints, locks, faults found, estimates
#
#   scripts/bench migration [--only PART]... [--history N] [--rows N]
#
# --only PART   stairway, fingerprints, proxy, rollback, unsafe or estimates (all)
# --history N   migrations in the history (285)
# --rows N      rows of the table whose data is summed (1000000)

history=285 rows=1000000 parts=()
all_parts=(stairway fingerprints proxy rollback unsafe estimates)
while (($#)); do
  case $1 in
    --only) parts+=("${2:-}") && shift 2 ;;
    --history) history=$2 && shift 2 ;;
    --rows) rows=$2 && shift 2 ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$file" && exit 0 ;;
    *) fail "unknown argument: $1" "scripts/bench migration --help" ;;
  esac
done
((${#parts[@]})) || parts=("${all_parts[@]}")
for part in "${parts[@]}"; do
  [[ " ${all_parts[*]} " == *" $part "* ]] || fail "there is no part \`$part\`" "the parts: ${all_parts[*]}"
  # shellcheck source=/dev/null
  source "$scripts_dir/benches/migration/$part.sh"
done

ensure_command python3 python3 "write the history and run the peers"
ensure_command pg_dump postgresql-client "the peer that is measured"
ensure_engine
choose_images
image=$(image_for postgres)
docker image inspect "$image" >/dev/null 2>&1 || ensure_images pgadmin prometheus alertmanager nginx redis
work=$(mktemp -d)
container=stagectl-bench-migration-$$
cleanup() {
  docker rm -fv "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

export PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=warning'
docker run -d --name "$container" -p 127.0.0.1::5432 -e POSTGRES_PASSWORD=$PGPASSWORD --shm-size=512m \
  --tmpfs /var/lib/postgresql/data "$image" postgres -c fsync=off -c max_connections=100 >/dev/null
PGPORT=$(docker port "$container" 5432/tcp | head -n 1 | sed 's/.*://')
export PGPORT
until psql -qXAt -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done

url() { echo "postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/$1"; }
sql() { psql -qXAt -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }
fingerprint() { "$root/target/release/examples/fingerprint" "$1" "$PGHOST" "$PGPORT" "$2" "$PGUSER" "$PGPASSWORD"; }
python_part() { python3 "$scripts_dir/benches/migration/$1.py" "${@:2}"; }

release_binary
say "building the measuring programs"
cargo build --release --locked --quiet --examples

python_part history "$work/history" "$history"
mv "$work/history/truth.tsv" "$work/truth.tsv"
# Reports go to the folder that a run is started in.
cd "$work"

bench_begin migration "$root/target/bench"
for part in "${parts[@]}"; do "measure_$part"; done
cd "$root"
bench_end
