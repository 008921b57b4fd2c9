# shellcheck shell=bash
# What it costs that every statement of a command is watched: the history's ups by psql, direct and through the proxy.

measure_proxy() {
  local round manner direct=() watched=()
  # One message holds one statement, as psql -f sends it, or a whole file, as most migration tools send theirs.
  for manner in statement file; do
    say "the lock trace of $history migrations, a $manner at a time"
    python_part ups "$manner" "$work/history" >"$work/ups.sh"
    direct=() watched=()
    for round in 1 2 3 4 5; do
      sql postgres 'DROP DATABASE IF EXISTS traced' && sql postgres 'CREATE DATABASE traced'
      direct+=("$(PGDATABASE=traced measure_ms bash "$work/ups.sh" 2>>"$work/ups.log")")
      sql postgres 'DROP DATABASE IF EXISTS traced' && sql postgres 'CREATE DATABASE traced'
      "$root/target/release/examples/lock_trace" "$(url traced)" bash "$work/ups.sh" >"$work/trace.txt" 2>"$work/trace.log" ||
        { tail -n 5 "$work/trace.log" >&2; fail "the lock trace did not run" "the lines above say why"; }
      watched+=("$(sed -n 's/^.* statements, \([0-9.]*\) ms, .*status: 0$/\1/p' "$work/trace.log")")
    done
    bench_row "the history through the proxy, a $manner a message" ms "$(median "${watched[@]}")" "$(median "${direct[@]}")" x1.3
  done
  say "the lock trace of statements that work"
  direct=() watched=()
  for round in 1 2 3; do
    sql postgres 'DROP DATABASE IF EXISTS traced' && sql postgres 'CREATE DATABASE traced'
    sql traced 'CREATE TABLE t AS SELECT g AS id, md5(g::text) AS name, g % 10 AS state FROM generate_series(1, 300000) g'
    printf 'psql -qX1 -v ON_ERROR_STOP=1 %s\n' "-c 'ALTER TABLE t ALTER id TYPE bigint' -c 'CREATE INDEX ON t (name)' -c 'UPDATE t SET state = 1 WHERE id % 3 = 0'" >"$work/ups.sh"
    sql postgres 'CREATE DATABASE traced_again TEMPLATE traced'
    direct+=("$(PGDATABASE=traced measure_ms bash "$work/ups.sh" 2>>"$work/ups.log")")
    "$root/target/release/examples/lock_trace" "$(url traced_again)" bash "$work/ups.sh" >"$work/trace.txt" 2>"$work/trace.log"
    watched+=("$(sed -n 's/^.* statements, \([0-9.]*\) ms, .*status: 0$/\1/p' "$work/trace.log")")
    sql postgres 'DROP DATABASE traced_again'
  done
  bench_row "a rewrite, an index and an update through the proxy" ms "$(median "${watched[@]}")" "$(median "${direct[@]}")" x1.3
}
