# shellcheck shell=bash
# Each migration of a history up, down, compared and up again; the peer compares pg_dump before and after.

measure_stairway() {
  local ours=() peer wrong
  sql postgres 'CREATE ROLE app' && sql postgres 'CREATE DATABASE ours OWNER app' && sql postgres 'CREATE DATABASE peer'
  climb() {
    "$stagectl" test-migration --database "$(url ours)" --role app --migrations "$work/history" --only rollback --json \
      >"$work/stairway.json" 2>"$work/stairway.log" || true
    [[ -s $work/stairway.json ]] || { tail -n 5 "$work/stairway.log" >&2; fail "the stairway gave no report" "the lines above say why"; }
    ours+=("$(python_part verdicts ms "$work/stairway.json")")
  }
  say "the stairway over $history migrations: ours, the peer, ours again"
  climb
  peer=$(python_part peers stairway "$work/history" peer 2>"$work/peer.log")
  climb
  wrong=$(python_part verdicts wrong "$work/stairway.json" "$work/truth.tsv")
  bench_row "stairway, a migration of $history" ms "$(median "${ours[@]}")" "$peer" x0.2
  bench_row "stairway, a migration of $history" ms "$(median "${ours[@]}")" - "<50"
  bench_row "wrong verdicts of $history" migrations "$wrong" "$(python_part verdicts wrong-peer "$work/peer.log" "$work/truth.tsv")" "<0"
}
