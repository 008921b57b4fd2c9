# shellcheck shell=bash
# A Docker Engine that answers: the one that is there, or one started here. Needs log.sh, packages.sh.

engine_state_dir() { echo "${STAGECTL_DEMO_STATE:-${XDG_STATE_HOME:-$HOME/.local/state}/stagectl-demo}"; }

engine_answers() { timeout 5 docker info >/dev/null 2>&1; }

dockerd_runs() { grep -qsx dockerd /proc/[0-9]*/comm; }

# The pid of the dockerd this script started, if that very process still runs. The start time is compared too,
# because a pid comes back after a reboot with another process behind it.
our_engine_pid() {
  local file pid started
  file=$(engine_state_dir)/dockerd.pid
  [[ -r $file ]] || return 1
  read -r pid started <"$file"
  [[ $(process_start "$pid") == "$started" ]] || return 1
  echo "$pid"
}

# Field 22 of /proc/PID/stat (start time in ticks), read behind the ")" because a command may hold blanks.
process_start() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  echo "${20}"
}

# Since Debian 13 the command line is a package of its own, which docker.io only recommends.
ensure_docker_command() {
  ensure_command docker docker.io "the container engine and its command line"
  ensure_command docker docker-cli "the command line of the container engine"
}

engine_words() { timeout 5 docker info 2>&1 || true; }

refuse_closed_engine() {
  [[ $(engine_words) != *"ermission denied"* ]] ||
    fail "a Docker Engine runs but is closed to this user ($(id -un))" \
      "add yourself to the group docker (usermod -aG docker $(id -un), as root) and log in again, or run this as root"
}

ensure_engine() {
  ensure_docker_command
  if engine_answers; then
    say "engine: $(docker version --format 'Docker {{.Server.Version}}, API {{.Server.APIVersion}}') (already running)"
    return
  fi
  if [[ -n ${DOCKER_HOST:-} ]]; then
    fail "DOCKER_HOST is $DOCKER_HOST and nothing answers there" "start that engine, or unset DOCKER_HOST"
  fi
  refuse_closed_engine
  # One that runs must not get a second one beside it; its package may have started it a moment ago.
  if dockerd_runs; then
    say "engine: dockerd runs, waiting until it answers"
    wait_for_engine '' || fail "dockerd runs but does not answer" "docker info says: $(engine_words | grep -iE 'cannot|error' | head -n 1)"
    return
  fi
  can_be_root || fail "no Docker Engine answers, and starting one needs root" \
    "start it as root (systemctl start docker), or run this as root"
  ensure_command dockerd docker.io "the container engine"
  ensure_command iptables iptables "the engine's networks"
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || install_packages "TLS roots for pulls" ca-certificates
  if [[ -d /run/systemd/system ]] && as_root systemctl start docker 2>/dev/null && wait_for_engine ''; then
    say "engine: started by systemd, which keeps it"
    return
  fi
  start_engine
}

start_engine() {
  local dir log
  dir=$(engine_state_dir)
  log=$dir/dockerd.log
  mkdir -p "$dir"
  mount_cgroups
  # A pid file left behind by a machine that went down keeps dockerd from starting.
  as_root rm -f /var/run/docker.pid
  say "engine: starting dockerd in the background (log: $log)"
  as_root setsid dockerd >"$log" 2>&1 </dev/null &
  wait_for_engine "$log"
  local pid
  pid=$(cat /var/run/docker.pid)
  echo "$pid $(process_start "$pid")" >"$dir/dockerd.pid"
}

# In a chroot or a bare VM without an init system nobody has mounted the cgroup file systems yet.
mount_cgroups() {
  [[ ! -d /run/systemd/system ]] || return 0
  mountpoint -q /sys/fs/cgroup && return 0
  say "mounting the cgroup file systems (no init system did)"
  if grep -qw cgroup2 /proc/filesystems && ! grep -q 'memory.*1$' /proc/cgroups; then
    as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup
    return
  fi
  as_root mount -t tmpfs -o uid=0,gid=0,mode=0755 cgroup /sys/fs/cgroup
  local controller
  while read -r controller; do
    as_root mkdir -p "/sys/fs/cgroup/$controller"
    as_root mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" ||
      as_root rmdir "/sys/fs/cgroup/$controller"
  done < <(awk '!/^#/ && $4 == 1 { print $1 }' /proc/cgroups)
}

# wait_for_engine LOG: until the engine answers; gives up when its process is gone or after a minute.
wait_for_engine() {
  local log=$1 child=${!:-} deadline=$((SECONDS + 60))
  until engine_answers; do
    if [[ -n $log ]] && ! kill -0 "$child" 2>/dev/null && ! dockerd_runs; then
      tail -n 15 "$log" >&2
      fail "dockerd ended before it answered" "its last lines are above; the whole log is $log"
    fi
    if ((SECONDS > deadline)); then
      [[ -n $log ]] || return 1
      tail -n 15 "$log" >&2
      fail "dockerd did not answer within 60 s" "its last lines are above; the whole log is $log"
    fi
    sleep 0.2
  done
}

stop_engine_if_ours() {
  local pid deadline=$((SECONDS + 30))
  pid=$(our_engine_pid) || return 0
  say "stopping the engine this demo started (pid $pid)"
  as_root kill "$pid"
  while kill -0 "$pid" 2>/dev/null || [[ -d /proc/$pid ]]; do
    ((SECONDS < deadline)) || fail "dockerd (pid $pid) does not end" "see $(engine_state_dir)/dockerd.log"
    sleep 0.2
  done
  rm -f "$(engine_state_dir)/dockerd.pid"
}
