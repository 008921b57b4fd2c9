# shellcheck shell=bash
# the migration lab beside pg_dump: stairway, fingerprints of schema and data, rollback faults found
#
#   scripts/bench migration [--history N] [--rows N]
#
# --history N   migrations in the history (285)
# --rows N      rows of the table whose data is summed (1000000)

history=285 rows=1000000
while (($#)); do
  case $1 in
    --history) history=$2 && shift 2 ;;
    --rows) rows=$2 && shift 2 ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$file" && exit 0 ;;
    *) fail "unknown argument: $1" "scripts/bench migration [--history N] [--rows N]" ;;
  esac
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

export PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD=bench PGDATABASE=postgres
docker run -d --name "$container" -p 127.0.0.1::5432 -e POSTGRES_PASSWORD=$PGPASSWORD --shm-size=512m \
  --tmpfs /var/lib/postgresql/data "$image" postgres -c fsync=off -c max_connections=100 >/dev/null
PGPORT=$(docker port "$container" 5432/tcp | head -n 1 | sed 's/.*://')
export PGPORT
until psql -qXAt -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done

release_binary
say "building the measuring program"
cargo build --release --locked --quiet --example fingerprint
fingerprint() { "$root/target/release/examples/fingerprint" "$1" "$PGHOST" "$PGPORT" "$2" "$PGUSER" "$PGPASSWORD"; }

bench_begin migration "$root/target/bench"

say "the stairway over $history migrations"
python3 "$scripts_dir/benches/migration/history.py" "$work/history" "$history"
mv "$work/history/truth.tsv" "$work/truth.tsv"
psql -qX -c "CREATE ROLE app -c 'CREATE DATABASE ours OWNER app' -c 'CREATE DATABASE peer'
report=$work/report.json
"$stagectl" test-migration --database "postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/ours" --role app \
  --migrations "$work/history" --only rollback --json >"$report" 2>"$work/log" || true
[[ -s $report ]] || { tail -n 5 "$work/log" >&2; fail "the stairway gave no report" "the lines above say why"; }
ours=$(python3 -c 'import json, sys; s = json.load(open(sys.argv[1]))["stairway"]; print(round(s["ms"] / len(s["steps"]), 1))' "$report")
wrong=$(python3 - "$report" "$work/truth.tsv" <<'PYTHON'
import json, sys
verdicts = {"pass": "pass", "note": "note", "schema": "fail", "data": "fail", "irreversible": "irreversible"}
truth = dict(line.split("\t") for line in open(sys.argv[2]).read().splitlines())
steps = json.load(open(sys.argv[1]))["stairway"]["steps"]
wrong = [step["name"] for step in steps if step["verdict"] != verdicts[truth[step["name"]]]]
print(len(wrong))
print(*wrong, file=sys.stderr)
PYTHON
)
peer=$(python3 "$scripts_dir/benches/migration/peers.py" stairway "$work/history" peer 2>"$work/peer.log")
bench_row "stairway, a migration of $history" ms "$ours" "$peer" x0.2
bench_row "stairway, a migration of $history" ms "$ours" - "<50"
bench_row "wrong verdicts of $history" migrations "$wrong" - "<0"

say "the fingerprint of the schema"
IFS=$'\t' read -r objects _ schema _ < <(fingerprint times peer)
peer_times=()
for _ in 1 2 3 4 5; do peer_times+=("$(measure_ms pg_dump -s -f /dev/null peer)"); done
peer=$(median "${peer_times[@]}")
bench_row "schema fingerprint, $objects objects" ms "$schema" "$peer" x0.143
bench_row "schema fingerprint, $objects objects" ms "$schema" - "<25"

say "the fingerprint of $rows rows"
psql -qX -c 'CREATE DATABASE rows'
psql -qX -d rows -c "CREATE TABLE r AS SELECT g AS id, 'name ' || g AS name, md5(g::text) AS token, g % 100 AS state,
    g * 1.5::numeric(12,2) AS amount, timestamptz '2026-01-01' + g * interval '1 minute' AS made, g % 2 = 0 AS active, g::bigint * 7 AS ref
  FROM generate_series(1, $rows) g" -c 'ALTER TABLE r ADD PRIMARY KEY (id)' -c 'VACUUM ANALYZE r'
IFS=$'\t' read -r _ _ nothing whole < <(fingerprint times rows)
dump_rows() { pg_dump -a rows | sha256sum; }
peer_times=()
for _ in 1 2 3; do peer_times+=("$(measure_ms dump_rows)"); done
peer=$(median "${peer_times[@]}")
bench_row "data fingerprint, $rows rows of 8 columns" ms "$whole" "$peer" x0.25
bench_row "data fingerprint, $rows rows of 8 columns" ms "$whole" - "<350"
bench_row "data fingerprint, the same rows untouched" ms "$nothing" "$peer" x0.05

say "downs that forget something"
psql -qX -c 'CREATE DATABASE corpus'
fingerprint faults corpus >"$work/ours.tsv"
python3 "$scripts_dir/benches/migration/peers.py" faults "$root/tests/data/rollback" >"$work/peer.tsv"
while IFS=$'\t' read -r kind found all _; do
  [[ $all != 0 ]] || continue
  bench_row "$kind faults found of $all" faults "$found" "$(awk -v kind="$kind" '$1 == kind { print $2 }' "$work/peer.tsv")" ">$all"
done <"$work/ours.tsv"
bench_row "false alarms over faithful downs" alarms "$(awk '{ n += $4 } END { print n }' "$work/ours.tsv")" \
  "$(awk '{ n += $4 } END { print n }' "$work/peer.tsv")" "<0"
bench_end
