# shellcheck shell=bash
# What a fingerprint costs: of a schema beside pg_dump -s, of rows beside pg_dump -a | sha256sum.

measure_fingerprints() {
  local objects schema nothing whole peer round ours=() times=()
  say "the fingerprint of a schema"
  sql postgres 'CREATE DATABASE schema_print'
  python_part schema 1250 | psql -qX -v ON_ERROR_STOP=1 -d schema_print >/dev/null
  for round in 1 2 3 4 5; do
    IFS=$'\t' read -r objects _ schema _ < <(fingerprint times schema_print)
    ours+=("$schema")
    times+=("$(measure_ms pg_dump -s -f /dev/null schema_print)")
  done
  schema=$(median "${ours[@]}") peer=$(median "${times[@]}")
  bench_row "schema fingerprint, $objects objects" ms "$schema" "$peer" x0.143
  bench_row "schema fingerprint, $objects objects" ms "$schema" - "<25"

  say "the fingerprint of $rows rows"
  sql postgres 'CREATE DATABASE row_print'
  psql -qX -d row_print -c "CREATE TABLE r AS SELECT g AS id, 'name ' || g AS name, md5(g::text) AS token, g % 100 AS state,
      g * 1.5::numeric(12,2) AS amount, timestamptz '2026-01-01' + g * interval '1 minute' AS made, g % 2 = 0 AS active, g::bigint * 7 AS ref
    FROM generate_series(1, $rows) g" -c 'ALTER TABLE r ADD PRIMARY KEY (id)' -c 'VACUUM ANALYZE r'
  dump_rows() { pg_dump -a row_print | sha256sum; }
  ours=() times=() untouched=()
  for round in 1 2 3; do
    IFS=$'\t' read -r _ _ nothing whole < <(fingerprint times row_print)
    ours+=("$whole") untouched+=("$nothing")
    times+=("$(measure_ms dump_rows)")
  done
  whole=$(median "${ours[@]}") nothing=$(median "${untouched[@]}") peer=$(median "${times[@]}")
  bench_row "data fingerprint, $rows rows of 8 columns" ms "$whole" "$peer" x0.25
  bench_row "data fingerprint, $rows rows of 8 columns" ms "$whole" - "<350"
  bench_row "data fingerprint, the same rows untouched" ms "$nothing" "$peer" x0.05
}
