# shellcheck shell=bash
# Words for the screen. Talk goes to stderr, so that a script's stdout stays data.

stagectl_started_at=${stagectl_started_at:-$(date +%s)}

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
  log_bold=$'\e[1m' log_red=$'\e[31m' log_dim=$'\e[2m' log_off=$'\e[0m'
else
  log_bold='' log_red='' log_dim='' log_off=''
fi

elapsed() { echo $(($(date +%s) - stagectl_started_at)); }

# step "what happens now": a headline with the seconds since the start.
step() { printf '%s[%4ds] %s%s\n' "$log_bold" "$(elapsed)" "$*" "$log_off" >&2; }

# say "a detail"
say() { printf '        %s%s%s\n' "$log_dim" "$*" "$log_off" >&2; }

# fail "what went wrong" ["what to do next"]...: prints and ends the script.
fail() {
  printf '%serror:%s %s\n' "$log_red" "$log_off" "$1" >&2
  shift
  local hint
  for hint in "$@"; do printf 'hint:  %s\n' "$hint" >&2; done
  exit 1
}
