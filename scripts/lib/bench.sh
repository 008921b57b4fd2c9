# shellcheck shell=bash
# Measurements: each figure beside its peer in the same run, as a table and as JSON. Needs log.sh.
#
# Times on a shared machine are noisy: run ours and the peer in turn, take medians, and trust ratios.

bench_name='' bench_rows=''

# bench_begin NAME DIR: results go to DIR/NAME.json.
bench_begin() {
  bench_name=$1 bench_dir=$2
  mkdir -p "$bench_dir"
  bench_rows=$(mktemp)
}

# measure_ms COMMAND...: runs it and prints the milliseconds it took; its output goes to stderr.
measure_ms() {
  local start=${EPOCHREALTIME/./} status=0
  "$@" >&2 || status=$?
  local end=${EPOCHREALTIME/./}
  ((status == 0)) || return "$status"
  echo $(((end - start) / 1000))
}

# measure_rss_kb COMMAND...: runs it and prints its largest resident memory in KB; needs GNU time.
measure_rss_kb() {
  local out status=0
  out=$(mktemp)
  command time -f '%M' -o "$out" "$@" >&2 || status=$?
  tail -n 1 "$out"
  rm -f "$out"
  return "$status"
}

# median NUMBER...
median() {
  printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# bench_row WHAT UNIT OURS PEER GOAL: GOAL is "x0.55" (at most 0.55 times the peer), "<64" (at most 64 units) or
# ">35" (at least 35). PEER is "-" where there is none; OURS is "-" where it could not be measured.
bench_row() {
  awk -v what="$1" -v unit="$2" -v ours="$3" -v peer="$4" -v goal="$5" '
    function text(s) { gsub(/["\\]/, "\\\\&", s); return "\"" s "\"" }
    function number(s) { return s == "-" ? "null" : s + 0 }
    BEGIN {
      ratio = (ours == "-" || peer == "-" || peer == 0) ? "null" : sprintf("%.3f", ours / peer)
      kind = substr(goal, 1, 1); bound = substr(goal, 2) + 0; met = "false"
      if (kind == "x") { words = "at most " bound " x the peer"; if (ratio != "null") met = ratio <= bound ? "true" : "false" }
      if (kind == "<") { words = "at most " bound " " unit; if (ours != "-") met = ours <= bound ? "true" : "false" }
      if (kind == ">") { words = "at least " bound " " unit; if (ours != "-") met = ours >= bound ? "true" : "false" }
      printf "{\"what\": %s, \"unit\": %s, \"ours\": %s, \"peer\": %s, \"ratio\": %s, \"goal\": %s, \"met\": %s}\n",
        text(what), text(unit), number(ours), number(peer), ratio, text(words), met
    }' >>"$bench_rows"
}

# bench_end: the table on stdout, the JSON in its file. The run succeeds whether or not every goal is met.
bench_end() {
  local json=$bench_dir/$bench_name.json
  { echo '['; sed '$!s/$/,/' "$bench_rows"; echo ']'; } >"$json"
  awk '
    function field(name,   rest) {
      rest = $0
      if (!sub(".*\"" name "\": ", "", rest)) return ""
      if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/", "(what|unit|ours|peer|ratio|goal|met)": .*/, "", rest); return rest }
      sub(/[,}].*/, "", rest); return rest == "null" ? "-" : rest
    }
    BEGIN { printf "%-62s %12s %12s %7s  %-26s %s\n", "what", "ours", "peer", "ratio", "goal", "met" }
    { printf "%-62s %12s %12s %7s  %-26s %s\n", field("what") " [" field("unit") "]", field("ours"), field("peer"), field("ratio"), field("goal"), field("met") == "true" ? "yes" : "NO" }
  ' "$bench_rows"
  rm -f "$bench_rows"
  say "written to ${json#"$PWD"/}"
}
