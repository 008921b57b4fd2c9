# shellcheck shell=bash
# containers beside docker compose 2: up, second up, waiting, config, down, memory
#
#   scripts/bench engine [--rounds N] [--only stack|chain|config|memory]
#
# --rounds N   how often each is run, in turn; the median counts (5)
# --only WHAT  one part alone; may be given more than once

rounds=5 only=()
while (($#)); do
  case $1 in
    --rounds) rounds=$2 && shift 2 ;;
    --only) only+=("$2") && shift 2 ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$file" && exit 0 ;;
    *) fail "unknown argument: $1" "scripts/bench engine [--rounds N] [--only stack|chain|config|memory]" ;;
  esac
done
wanted() { ((${#only[@]} == 0)) || [[ " ${only[*]} " == *" $1 "* ]]; }

ensure_command python3 python3 "write the compose files"
ensure_command openssl openssl "look at certificates"
[[ -x /usr/bin/time ]] || install_packages "measure memory" time
ensure_engine
ensure_images pgadmin
ensure_compose "$root/target/peers"
peer=$root/target/peers/docker-compose
release_binary

work=$(mktemp -d)
project=stagectl-bench-engine-$$
export XDG_STATE_HOME=$work/state
files() { python3 "$scripts_dir/benches/engine/files.py" "$@"; }

remove_bench() {
  local kind
  docker ps -aq --filter "label=com.docker.compose.project=$project" | xargs -r docker rm -f -v >/dev/null
  for kind in network volume; do
    docker "$kind" ls -q --filter "label=com.docker.compose.project=$project" | xargs -r docker "$kind" rm >/dev/null
  done
}
cleanup() {
  remove_bench || true
  rm -rf "$work"
}
trap cleanup EXIT

# Both tools on the same file, by the words that differ.
up_ours() { "$stagectl" up --file "$1" --project-name "$project" --quiet; }
up_peer() { "$peer" --file "$1" --project-name "$project" up --detach --wait; }
down_ours() { "$stagectl" down --file "$1" --project-name "$project" --volumes --yes --quiet; }
down_peer() { "$peer" --file "$1" --project-name "$project" down --volumes; }
config_ours() { "$stagectl" config --file "$1" --json; }
config_peer() { "$peer" --file "$1" config --format json; }

# timed VERB WHO FILE: milliseconds; the whole output stays in the log for a failure.
timed() {
  measure_ms "$1_$2" "$3" 2>"$work/log" || { tail -n 20 "$work/log" >&2; fail "$1 with $2 failed" "the lines above say why"; }
}

# in_turn FILE: up, second up and down of both tools, several rounds; medians in up, again and down.
declare -A up again down
in_turn() {
  local who round
  local -A ups=() agains=() downs=()
  for ((round = 0; round < rounds; round++)); do
    for who in ours peer; do
      ups[$who]+=" $(timed up "$who" "$1")"
      agains[$who]+=" $(timed up "$who" "$1")"
      downs[$who]+=" $(timed down "$who" "$1")"
    done
  done
  for who in ours peer; do
    # shellcheck disable=SC2086
    up[$who]=$(median ${ups[$who]}) again[$who]=$(median ${agains[$who]}) down[$who]=$(median ${downs[$who]})
  done
}

bench_begin engine "$root/target/bench"

if wanted stack; then
  say "the 1001 Stories stack"
  (cd "$work" && "$stagectl" init --blueprint nextjs-postgres >/dev/null)
  left_out=(pgadmin-staging)
  [[ $images_in_use != local ]] || left_out+=(grafana-staging)
  write_local_config "$work/stagectl.local.yml" "${left_out[@]}"
  (cd "$work" && "$stagectl" generate --quiet && "$stagectl" certs --quiet) >/dev/null
  "$stagectl" config --file "$work/docker-compose.staging.yml" --profile '*' --json >"$work/resolved.json"
  files stack "$work/resolved.json" "$work/with.json" "$work/without.json"
  in_turn "$work/with.json"
  bench_row "up, health checks every 15 s" ms "${up[ours]}" "${up[peer]}" x0.15
  bench_row "second up, nothing to do" ms "${again[ours]}" "${again[peer]}" x0.15
  bench_row "down" ms "${down[ours]}" "${down[peer]}" x0.8
  in_turn "$work/without.json"
  bench_row "up, no health checks" ms "${up[ours]}" "${up[peer]}" x0.8
fi

if wanted chain; then
  say "chains of services that are ready at once"
  image=$(image_for redis)
  declare -A times=() chain=()
  for depth in 1 5; do
    for kind in healthy started; do files chain "$depth" "$kind" "$image" "$work/$kind-$depth.json"; done
  done
  for ((round = 0; round < rounds; round++)); do
    for depth in 1 5; do
      for kind in healthy started; do
        for who in ours peer; do
          times[$kind-$depth-$who]+=" $(timed up "$who" "$work/$kind-$depth.json")"
          timed down "$who" "$work/$kind-$depth.json" >/dev/null
        done
      done
    done
  done
  # shellcheck disable=SC2086
  for key in "${!times[@]}"; do chain[$key]=$(median ${times[$key]}); done
  # A level more costs its start, which a chain without health checks shows too; the rest is waiting.
  level() {
    awk -v h5="${chain[healthy-5-$1]}" -v h1="${chain[healthy-1-$1]}" -v s5="${chain[started-5-$1]}" \
      -v s1="${chain[started-1-$1]}" 'BEGIN { printf "%.1f", ((h5 - h1) - (s5 - s1)) / 4 }'
  }
  level_ours=$(level ours) level_peer=$(level peer)
  bench_row "waiting for one level, checks every second" ms "$level_ours" "$level_peer" x0.5
  up_ours "$work/healthy-1.json" >/dev/null 2>&1
  probe=$(files probe "$project" "$rounds")
  down_ours "$work/healthy-1.json" >/dev/null 2>&1
  bench_row "the same less one probe, which the engine ran in $probe ms" ms \
    "$(awk -v l="$level_ours" -v p="$probe" 'BEGIN { printf "%.1f", l - p }')" \
    "$(awk -v l="$level_peer" -v p="$probe" 'BEGIN { printf "%.1f", l - p }')" "<20"
fi

if wanted config; then
  say "config of 40 services"
  files forty "$work/forty.yml"
  declare -A times=()
  for ((round = 0; round < rounds; round++)); do
    for who in ours peer; do times[$who]+=" $(timed config "$who" "$work/forty.yml")"; done
  done
  # shellcheck disable=SC2086
  bench_row "config of 40 services" ms "$(median ${times[ours]})" "$(median ${times[peer]})" "<10"
fi

if wanted memory; then
  say "memory during up of 12 services"
  files chain 12 beside "$(image_for redis)" "$work/twelve.json"
  declare -A sizes=()
  for ((round = 0; round < rounds; round++)); do
    sizes[ours]+=" $(measure_rss_kb "$stagectl" up --file "$work/twelve.json" --project-name "$project" --quiet 2>"$work/log")"
    down_ours "$work/twelve.json" >/dev/null 2>&1
    sizes[peer]+=" $(measure_rss_kb "$peer" --file "$work/twelve.json" --project-name "$project" up --detach --wait 2>"$work/log")"
    down_peer "$work/twelve.json" >/dev/null 2>&1
  done
  # shellcheck disable=SC2086
  bench_row "largest resident memory, up of 12 services" MB "$(awk -v k="$(median ${sizes[ours]})" 'BEGIN { printf "%.1f", k / 1024 }')" \
    "$(awk -v k="$(median ${sizes[peer]})" 'BEGIN { printf "%.1f", k / 1024 }')" "<15"
fi
bench_end
