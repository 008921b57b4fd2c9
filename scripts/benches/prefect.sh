# shellcheck shell=bash
# Prefect's own history of migrations, each up, down and up by its own command, beside pg_dump -s
#
#   scripts/bench prefect [--version V] [--revisions N]
#
# --version V     the release of Prefect, from PyPI (3.8.8)
# --revisions N   the oldest N of its revisions only (all)

version=3.8.8 revisions=all
while (($#)); do
  case $1 in
    --version) version=$2 && shift 2 ;;
    --revisions) revisions=$2 && shift 2 ;;
    -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$file" && exit 0 ;;
    *) fail "unknown argument: $1" "scripts/bench prefect [--version V] [--revisions N]" ;;
  esac
done

ensure_command python3 python3 "run Prefect"
python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages "make Prefect's environment" python3-venv
ensure_command pg_dump postgresql-client "the witness"
ensure_engine
choose_images
image=$(image_for postgres)
docker image inspect "$image" >/dev/null 2>&1 || ensure_images pgadmin prometheus alertmanager nginx redis
release_binary

environment=$root/target/peers/prefect-$version
if [[ ! -x $environment/bin/prefect ]]; then
  say "installing Prefect $version in target/peers"
  rm -rf "$environment" && mkdir -p "$(dirname "$environment")"
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check "prefect==$version" asyncpg >&2 ||
    fail "Prefect $version cannot be installed" "the lines above say why"
fi

work=$(mktemp -d)
container=stagectl-bench-prefect-$$
cleanup() {
  docker rm -fv "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

# Prefect's settings and stagectl's reports stay in the scratch folder.
export PREFECT_HOME=$work/home PREFECT_SERVER_ANALYTICS_ENABLED=false
export PGHOST=127.0.0.1 PGUSER=postgres PGPASSWORD=bench
docker run -d --name "$container" -p 127.0.0.1::5432 -e POSTGRES_PASSWORD=$PGPASSWORD --shm-size=512m \
  --tmpfs /var/lib/postgresql/data "$image" postgres -c fsync=off -c max_connections=100 >/dev/null
PGPORT=$(docker port "$container" 5432/tcp | head -n 1 | sed 's/.*://')
export PGPORT
until psql -qXAt -d postgres -c 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done
# As in production: an administrator installs the extension, the application's role owns the rest.
psql -qX -d postgres -c "CREATE ROLE shop LOGIN CREATEDB PASSWORD '$PGPASSWORD'"
for database in ours witness; do
  psql -qX -d postgres -c "CREATE DATABASE $database OWNER shop"
  psql -qX -d "$database" -c 'CREATE EXTENSION pg_trgm'
done
export PGUSER=shop

"$environment/bin/python" "$scripts_dir/benches/prefect/revisions.py" >"$work/all"
if [[ $revisions == all ]]; then cp "$work/all" "$work/revisions"; else head -n "$revisions" "$work/all" >"$work/revisions"; fi

say "$(wc -l <"$work/revisions") revisions: stagectl, then the witness; each call of Prefect takes a second or more"
started=$SECONDS
prefect=$environment/bin/prefect
(cd "$work" && "$stagectl" test-migration --only rollback --json \
  --database "postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/ours" \
  --steps-command "cat $work/revisions" \
  --up-command "$prefect server database upgrade -y -r {step}" \
  --down-command "$prefect server database downgrade -y -r {previous}" \
  --environment 'PREFECT_API_DATABASE_CONNECTION_URL=postgresql+asyncpg://{user}:{password}@{host}:{port}/{database}' \
  >"$work/report.json" 2>"$work/log") || true
[[ -s $work/report.json ]] || { tail -n 5 "$work/log" >&2; fail "the stairway gave no report" "the lines above say why"; }
say "stagectl took $((SECONDS - started)) s"
started=$SECONDS
python3 "$scripts_dir/benches/prefect/witness.py" witness "$prefect" <"$work/revisions" >"$work/witness.tsv"
say "the witness took $((SECONDS - started)) s"

mkdir -p "$root/target/bench"
cp "$work/report.json" "$root/target/bench/prefect-report.json"
cp "$work/witness.tsv" "$root/target/bench/prefect-witness.tsv"
bench_begin prefect "$root/target/bench"
IFS=$'\t' read -r count agreed unnamed \
  < <(python3 "$scripts_dir/benches/prefect/table.py" "$work/report.json" "$work/witness.tsv")
bench_row "revisions on which both agree, of $count" revisions "$agreed" - ">$count"
bench_row "downs that fail or do not restore, without a reason" revisions "$unnamed" - "<0"
bench_end
