# shellcheck shell=bash
# The time at 8 times the rows, said from 1, 2 and 4 times, beside what it really is: nobody else says it.

measure_estimates() {
  local statement said really error low high
  say "estimates for 8 times the rows"
  STAGECTL=$stagectl python_part estimates "$work" >"$work/estimates.tsv" 2>"$work/estimates.log" ||
    { tail -n 5 "$work/estimates.log" >&2; fail "nothing was estimated" "the lines above say why"; }
  while IFS=$'\t' read -r statement said really error low high; do
    say "$statement: said $said ms ($low to $high), took $really ms"
    bench_row "estimate, $statement: beside the real time" % "$error" - "<25"
  done <"$work/estimates.tsv"
}
