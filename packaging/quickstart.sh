#!/usr/bin/env bash
# Two commands for a fresh Debian 12, both without questions:
#   packaging/quickstart.sh run [--once] [--dni N --name "…" --amount N]
#       installs what is needed, builds, starts the demonstration, plays the conversation of the
#       main job, prints its transcript and keeps serving; --once ends instead, with 0 only when
#       the customer received the right answer; the other options put another customer into the
#       sandbox
#   packaging/quickstart.sh test
#       the same set-up, then all tests
set -euo pipefail
cd "$(dirname "$0")/.."

usage() { sed -n '2,10p' packaging/quickstart.sh | cut -c3-; exit 64; }
say() { echo "quickstart: $*"; }

# ---- set-up --------------------------------------------------------------------------------------

build_packages=(
  g++ cmake ninja-build ccache pkg-config ca-certificates
  libpoco-dev libboost-dev libboost-filesystem-dev libboost-system-dev nlohmann-json3-dev
  libcurl4-openssl-dev libsqlite3-dev libvalijson-dev prometheus-cpp-dev libcli11-dev
  libvips-dev libsystemd-dev libseccomp-dev libjavascriptcoregtk-4.1-dev libssl-dev zlib1g-dev catch2
)
run_packages=(curl jq)
test_packages=(curl jq strace procps)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "installing packages needs root: run this as root or install sudo" >&2; exit 1
  fi
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >build/apt.log 2>&1 ||
    { tail -20 build/apt.log; exit 1; }
}

# The JavaScript libraries that flows may use (luxon, jmespath, acorn), as the lock file says.
install_scripts() {
  local folder=plugins/flows/interpreter
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ] && return
  command -v npm >/dev/null || install_packages npm
  (cd "$folder" && npm ci --silent --no-audit --no-fund)
}

# build PRESET [TARGET …]
build() {
  local preset=$1; shift
  install_scripts
  say "building (minutes the first time; the log is build/build.log)"
  local targets=()
  [ $# -eq 0 ] || targets=(--target "$@")
  cmake --preset "$preset" >build/build.log 2>&1 &&
    cmake --build --preset "$preset" "${targets[@]}" >>build/build.log 2>&1 ||
    { grep -E 'error|Error|FAILED' -A3 build/build.log | head -40; say "the build failed" >&2; exit 1; }
}

# ---- run -----------------------------------------------------------------------------------------

page=http://127.0.0.1:9700
daemon=

stop_demo() {
  [ -z "$daemon" ] || { kill -TERM "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null || true; }
  [ -z "${TOTEM_DEMO_STATE:-}" ] || rm -rf "$TOTEM_DEMO_STATE"
}

start_demo() {
  export TOTEM_DEMO_STATE TOTEM_DEMO_PLUGINS=$PWD/build/release/plugins TOTEM_DEMO_FLOWS=$PWD/config/flows
  TOTEM_DEMO_STATE=$(mktemp -d)
  trap stop_demo EXIT
  trap 'exit 130' INT TERM
  build/release/bin/totemd --config="$PWD/config/demo.json" >build/totemd.log 2>&1 &
  daemon=$!
  local tries=0
  until curl -fs -o build/ready.json http://127.0.0.1:9678/readyz && curl -fs -o /dev/null $page/world; do
    kill -0 "$daemon" 2>/dev/null || { tail -20 build/totemd.log; say "totemd ended; its log is build/totemd.log" >&2; exit 1; }
    tries=$((tries + 1))
    [ $tries -lt 300 ] || { tail -20 build/totemd.log; say "totemd is not ready after 30 s; its log is build/totemd.log" >&2; exit 1; }
    sleep 0.1
  done
}

post() { curl -fsS -X POST -H 'Content-Type: application/json' -d "$2" "$page$1"; }

# The catalogue that the sample flow answers from: three made-up phones of this month.
fill_catalogue() {
  local api=http://127.0.0.1:8000/api token='Authorization: Bearer sandbox-images-token' code name price
  while read -r code price name; do
    curl -fsS -o /dev/null -T "config/demo/$code.jpg" -H "$token" "$api/catalogos/fnb/demo/$code.jpg"
    curl -fsS -o /dev/null -H "$token" -H 'Content-Type: application/json' $api/productos -d "$(jq -n \
      --arg codigo "$code" --arg nombre "$name" --argjson precio "$price" '$ARGS.named + {categoria: "celulares",
        imagen_listado: "fnb/demo/\($codigo).jpg", cuotas: ([3, 6, 12] | map({(tostring): ($precio * 1.05 / . * 100 | round / 100)}) | add)}')"
  done <<<'andes-5 899 Andes 5 128 GB
costa-x 1299 Costa X 256 GB
selva-lite 499 Selva Lite 64 GB'
}

# say_and_wait TEXT [COUNT]: writes as the customer, waits for so many messages (1), prints the
# exchange, leaves the answer in $answer.
say_and_wait() {
  local seen messages tries
  seen=$(curl -fsS "$page/phone/messages?from=$phone" | jq '[.messages[].seq] | max // 0')
  echo "  $name: $1"
  post /phone/say "$(jq -n --arg from "$phone" --arg name "$name" --arg text "$1" '$ARGS.named')" >/dev/null
  for ((tries = 0; tries < 40; tries++)); do
    messages=$(curl -fsS -m 40 "$page/phone/messages?from=$phone&after=$seen&wait_ms=30000" |
      jq '[.messages[] | select(.direction == "received")]')
    [ "$(jq length <<<"$messages")" -lt "${2:-1}" ] || break
    sleep 0.5
  done
  answer=$(jq -r 'map((if .media then "[\(.media.type), \(.media.bytes) bytes] " else "" end) + .text) | join("\n")' <<<"$messages")
  sed 's/^/  Totem: /' <<<"${answer:-(no answer)}"
}

print_hops() {
  curl -fsS "$page/journeys?from=$phone&limit=10" |
    jq -r '.[] | "  \"\(.text)\"", (.hops[] | "    \(.after_us / 1000 | . * 10 | round / 10 | tostring | (" " * (8 - length)) + .) ms  \(.hop) \(.detail | split("\n")[0] // "" | .[0:60])")'
}

run() {
  local once= dni=08408122 amount=
  name="Ana Torres" phone=51987654321
  while [ $# -gt 0 ]; do
    case $1 in
      --once) once=1; shift ;;
      --dni|--name|--amount) [ $# -ge 2 ] || usage; case $1 in --dni) dni=$2 ;; --name) customer=$2 ;; *) amount=$2 ;; esac; shift 2 ;;
      *) usage ;;
    esac
  done
  install_packages "${build_packages[@]}" "${run_packages[@]}"
  build release demo
  start_demo
  fill_catalogue
  if [ -n "${customer:-}$amount" ]; then
    name=${customer:-$name}
    post /people "$(jq -n --arg dni "$dni" --arg name "$name" --argjson amount "${amount:-5000}" \
      '{service: "fnb", dni: $dni, name: $name, credit_line: $amount, has_line: ($amount > 0)}')" >/dev/null
  fi
  local wanted
  wanted=$(curl -fsS $page/people | jq -r --arg dni "$dni" '[.fnb[]? | select(.dni == $dni)][0] // {} | [.name // "", .credit_line // 0] | @tsv')
  echo; echo "The conversation, WhatsApp to WhatsApp:"
  say_and_wait "hola"
  local greeting=$answer
  say_and_wait "Consultar DNI $dni"
  local offer=$answer
  say_and_wait "¿Qué celulares tienen?" 3
  echo; echo "What happened in between:"
  print_hops
  check "$greeting" "$offer" "$wanted" "$answer"
  [ -z "$once" ] || { [ $right = 1 ] || exit 1; return; }
  echo; say "serving: write as the customer at $page, webhooks at http://127.0.0.1:5678, health at http://127.0.0.1:9678/health, events by build/release/bin/totemctl events list (Ctrl-C ends)"
  wait "$daemon"
}

# The greeting asks for the DNI; the answer names the customer and the amount, if there is a line;
# the catalogue shows a picture and what it costs.
check() {
  local person=${3%%$'\t'*} line=${3##*$'\t'} shown
  right=0
  shown=$(LC_ALL=C awk -v n="$line" 'BEGIN { s = sprintf("%.2f", n); split(s, p, "."); while (match(p[1], /[0-9][0-9][0-9][0-9]($|,)/)) p[1] = substr(p[1], 1, RSTART) "," substr(p[1], RSTART + 1); print p[1] "." p[2] }')
  if grep -q 'DNI' <<<"$1" && grep -qF "${person%% *}" <<<"$2" && { [ "${line%.*}" = 0 ] || grep -qF "$shown" <<<"$2"; } &&
    grep -q 'image/jpeg' <<<"$4" && grep -q 'cuotas de S/' <<<"$4"; then right=1; fi
  echo
  if [ $right = 1 ]; then say "the customer received the right answer"
  else say "the customer did NOT receive the right answer (wanted: $person, S/ $shown); the daemon's log is build/totemd.log" >&2; fi
}

# ---- test ----------------------------------------------------------------------------------------

run_tests() {
  install_packages "${build_packages[@]}" "${test_packages[@]}"
  build dev
  ctest --preset dev --timeout 300
}

mkdir -p build
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
  run) run "$@" ;;
  test) [ $# -eq 0 ] || usage; run_tests ;;
  *) usage ;;
esac
