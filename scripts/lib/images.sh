# shellcheck shell=bash
# The images of the demo: the official ones where a registry answers, else ones with the same contract built here from
# the machine's own package mirror. Needs log.sh, packages.sh, engine.sh.
: "${scripts_dir:?the folder scripts}"

images_suite=bookworm
images_base=stagectl-local/debian:$images_suite
sample_app_tag=stagectl-local/sample-app:1.0.0
sample_app_reference=1001-stories/app:1.0.0

# Prints "folder tag reference" of every image that stands in for an official one.
image_table() { grep -v '^#' "$scripts_dir/images/images.tsv"; }

# The hash of everything a build reads, so that an image is rebuilt exactly when one of its files changed.
inputs_hash() { # FOLDER [MORE]
  { (cd "$1" && find . -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum); echo "${2:-}"; } |
    sha256sum | cut -c1-32
}

image_is_current() { # TAG HASH
  [[ $(docker image inspect --format '{{index .Config.Labels "stagectl.inputs"}}' "$1" 2>/dev/null) == "$2" ]]
}

base_hash() { inputs_hash "$scripts_dir/images/base" "$images_suite"; }

ensure_base() {
  local hash
  hash=$(base_hash)
  if image_is_current "$images_base" "$hash"; then return; fi
  ensure_command debootstrap debootstrap "makes the base of the local images"
  local mirror log
  mirror=$(debian_mirror)
  log=$(build_log base)
  say "building $images_base (debootstrap, about half a minute)"
  apt_transport_settings |
    as_root "$scripts_dir/images/base/build.sh" "$images_base" "$images_suite" "$mirror" "$(debian_security_mirror)" "$hash" \
      >"$log" 2>&1 || build_failed base "$log"
}

build_log() {
  mkdir -p "$(engine_state_dir)/builds"
  echo "$(engine_state_dir)/builds/$1.log"
}

build_failed() {
  tail -n 20 "$2" >&2
  fail "the image $1 cannot be built" "its last lines are above; the whole log is $2"
}

# build_image FOLDER TAG BASE HASH: one docker build in a copy of the folder, with this machine's TLS roots beside it
# (pip behind a company proxy needs them; no final stage keeps them).
build_image() {
  local folder=$1 tag=$2 base=$3 hash=$4 context log name
  name=$(basename "$folder")
  log=$(build_log "$name")
  context=$(mktemp -d)
  cp -R "$folder/." "$context/"
  if [[ -r /etc/ssl/certs/ca-certificates.crt ]]; then
    cp /etc/ssl/certs/ca-certificates.crt "$context/host-ca.crt"
  else
    : >"$context/host-ca.crt"
  fi
  local started=$SECONDS status=0
  # The host's network: its resolver and mirrors may not be reachable from the engine's bridge.
  docker build --network host --pull=false --force-rm --build-arg "BASE=$base" \
    --build-arg http_proxy --build-arg https_proxy --build-arg no_proxy --build-arg PIP_INDEX_URL \
    --label "stagectl.inputs=$hash" -t "$tag" "$context" >"$log" 2>&1 || status=$?
  rm -rf "$context"
  ((status == 0)) || build_failed "$tag" "$log"
  say "built $tag in $((SECONDS - started)) s"
}

# build_missing BASE BASE_HASH: reads "folder tag" lines and builds those that are not current, three at a time.
build_missing() {
  local base=$1 base_hash=$2 folder tag hash running=0 failed=0
  while read -r folder tag; do
    hash=$(inputs_hash "$folder" "$base $base_hash")
    if image_is_current "$tag" "$hash"; then continue; fi
    say "building $tag"
    build_image "$folder" "$tag" "$base" "$hash" </dev/null &
    running=$((running + 1))
    if ((running >= 3)); then
      wait -n || failed=1
      running=$((running - 1))
    fi
  done
  while ((running > 0)); do
    wait -n || failed=1
    running=$((running - 1))
  done
  ((failed == 0)) || exit 1
}

# Does a registry answer? A small image, a short time: a closed network must not cost a minute.
registry_answers() {
  timeout "${STAGECTL_PULL_TIMEOUT:-20}" docker pull -q hello-world:latest >/dev/null 2>&1
}

local_images_exist() {
  local tag
  while read -r _ tag _; do
    docker image inspect "$tag" >/dev/null 2>&1 || return 1
  done < <(image_table)
}

# choose_images: sets images_in_use to official or local. STAGECTL_IMAGES=official|local decides without a try.
choose_images() {
  images_in_use=${STAGECTL_IMAGES:-}
  case $images_in_use in
    official | local) return ;;
    '') ;;
    *) fail "STAGECTL_IMAGES is '$images_in_use'" "it is official or local" ;;
  esac
  if local_images_exist; then
    images_in_use=local
  elif registry_answers; then
    images_in_use=official
  else
    images_in_use=local
  fi
}

# ensure_images [WITHOUT...]: WITHOUT names folders of images.tsv that are switched off (pgadmin, for instance).
ensure_images() {
  local without=" $* " folder tag
  choose_images
  if [[ $images_in_use == official ]]; then
    say "images: the official ones, pulled when they are first needed"
    echo "$scripts_dir/sample/app $sample_app_tag" | build_missing debian:$images_suite-slim ''
    return
  fi
  say "images: built here from this machine's package mirror (STAGECTL_IMAGES=official would pull them)"
  ensure_base
  {
    while read -r folder tag _; do
      [[ $without == *" $folder "* ]] || echo "$scripts_dir/images/$folder $tag"
    done < <(image_table)
    echo "$scripts_dir/sample/app $sample_app_tag"
  } | build_missing "$images_base" "$(base_hash)"
}

# A second major version of PostgreSQL, for the tests alone: a minute's build, where no registry answers.
ensure_newer_postgres() {
  local tag=stagectl-local/postgres:17 folder=$scripts_dir/images/postgres-17 hash context
  if [[ $images_in_use == official ]]; then
    docker image inspect postgres:17 >/dev/null 2>&1 || docker pull -q postgres:17
    export STAGECTL_TEST_POSTGRES17=postgres:17
    return
  fi
  hash=$(inputs_hash "$folder" "$(base_hash) $(inputs_hash "$scripts_dir/images/postgres")")
  if image_is_current "$tag" "$hash"; then return; fi
  say "building $tag"
  context=$(mktemp -d)/postgres-17
  cp -R "$folder" "$context"
  cp "$scripts_dir/images/postgres/docker-entrypoint.sh" "$context/"
  build_image "$context" "$tag" "$images_base" "$hash"
  rm -rf "$(dirname "$context")"
}

# The image of a folder of images.tsv: for the sample production, which stagectl does not start.
image_for() {
  local column=3
  [[ $images_in_use == official ]] || column=2
  image_table | awk -v folder="$1" -v column="$column" '$1 == folder { print $column }'
}

# write_local_config FILE [SERVICE...]: what stagectl lays over its stagectl.yml on this machine; SERVICE is left out.
write_local_config() {
  local file=$1 service
  shift
  {
    echo "# Written by scripts/demo: which image stands in for which, on this machine, and what is left out."
    echo "images:"
    echo "  '$sample_app_reference': '$sample_app_tag'"
    if [[ $images_in_use == local ]]; then
      image_table | awk '{ printf "  \047%s\047: \047%s\047\n", $3, $2 }'
      # Older directives are needed for Debian's nginx.
      echo "proxy:"
      echo "  nginx_version: '$(image_table | sed -nE 's/^nginx\t.*nginx:([0-9.]+)\t.*/\1/p')'"
    fi
    if (($# > 0)); then
      echo "services:"
      for service; do printf '  %s:\n    enabled: false\n' "$service"; done
    fi
  } >"$file"
}

remove_images() {
  local tags
  mapfile -t tags < <(docker image ls --format '{{.Repository}}:{{.Tag}}' 'stagectl-local/*')
  ((${#tags[@]} == 0)) || docker image rm -f "${tags[@]}" >/dev/null
  # The stages that only served a build carry the same label and no name.
  docker image prune -f --filter label=stagectl.inputs >/dev/null
}
