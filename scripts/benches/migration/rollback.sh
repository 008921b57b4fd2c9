# shellcheck shell=bash
# Downs that forget something: what is found by kind of fault, beside two dumps that are compared.

ensure_dbmate() {
  dbmate=$root/target/peers/dbmate/node_modules/.bin/dbmate
  [[ -x $dbmate ]] && return
  ensure_command npm npm "install dbmate, a peer"
  mkdir -p "$root/target/peers/dbmate"
  npm install --silent --no-fund --no-audit --prefix "$root/target/peers/dbmate" dbmate >"$root/target/peers/dbmate.log" 2>&1 || dbmate=''
}

measure_rollback() {
  local kind found all alarms tool
  ensure_dbmate
  [[ -n $dbmate ]] || say "dbmate cannot be installed: its rows stay empty ($root/target/peers/dbmate.log)"
  say "downs that forget something"
  sql postgres 'CREATE DATABASE corpus'
  fingerprint faults corpus >"$work/ours.tsv"
  python_part peers faults "$root/tests/data/rollback" pg_dump >"$work/pg_dump.tsv"
  if [[ -n $dbmate ]]; then
    DBMATE=$dbmate python_part peers faults "$root/tests/data/rollback" dbmate >"$work/dbmate.tsv"
  else
    awk '{ print $1 "\t-\t-\t-" }' "$work/pg_dump.tsv" >"$work/dbmate.tsv"
  fi
  while IFS=$'\t' read -r kind found all alarms; do
    [[ $all != 0 ]] || continue
    for tool in pg_dump dbmate; do
      bench_row "$kind faults found of $all, beside $tool" faults "$found" "$(awk -v kind="$kind" '$1 == kind { print $2 }' "$work/$tool.tsv")" ">$all"
    done
  done <"$work/ours.tsv"
  for tool in pg_dump dbmate; do
    bench_row "false alarms over faithful downs, beside $tool" alarms "$(awk '{ n += $4 } END { print n }' "$work/ours.tsv")" \
      "$(awk '$4 == "-" { none = 1 } { n += $4 } END { print none ? "-" : n }' "$work/$tool.tsv")" "<0"
  done
}
