# shellcheck shell=bash
# Statements that hurt in production: found by what was seen of them, beside a linter that reads them.

ensure_squawk() {
  squawk=$root/target/peers/squawk/bin/squawk
  [[ -x $squawk ]] && return
  python3 -c 'import ensurepip' 2>/dev/null || install_packages "install squawk, a peer" python3-venv
  { python3 -m venv "$root/target/peers/squawk" && "$root/target/peers/squawk/bin/pip" -q install squawk-cli; } \
    >"$root/target/peers/squawk.log" 2>&1 || squawk=''
}

measure_unsafe() {
  local kind ours peer all
  ensure_squawk
  [[ -n $squawk ]] || say "squawk cannot be installed: its rows stay empty ($root/target/peers/squawk.log)"
  say "statements that hurt in production"
  STAGECTL=$stagectl SQUAWK=$squawk python_part unsafe "$root/tests/data/unsafe" "$work" >"$work/unsafe.tsv" 2>"$work/unsafe.log" ||
    { tail -n 5 "$work/unsafe.log" >&2; fail "the unsafe statements were not tried" "the lines above say why"; }
  while IFS=$'\t' read -r kind ours peer all; do
    case $kind in
      safe) bench_row "false alarms over $all harmless statements" alarms "$ours" "$peer" "<1" ;;
      *) bench_row "statements found of $all: $kind" statements "$ours" "$peer" ">$all" ;;
    esac
  done <"$work/unsafe.tsv"
}
