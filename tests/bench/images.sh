# The picture server beside nginx and the bare libvips call; sourced by `run`, which has the rest.
# Totem and nginx take turns, three rounds each, and the median of the rounds' ratios is told:
# absolute figures move with the machine. (The Python service that this replaces made 1,437/s of
# the 60 KB picture with 16 clients where nginx made 45,000/s.)

images=28000 nginx_port=28080

start_images() {
  local pictures=$work/images/catalogos/bench
  mkdir -p "$pictures" "$work/nginx"
  [ -s "$pictures/photo.jpg" ] || "$build/bin/bench_vips" pictures "$pictures"
  cat >"$work/images.json" <<JSON
{
  "listeners": {
    "images": { "address": "127.0.0.1:$images", "plugins": ["images"] }, "admin": { "address": "127.0.0.1:$admin" }
  },
  "storage": { "url": "sqlite:$work/images.db" }, "plugin_path": ["$build/plugins"],
  "plugins": { "images": { "config": {
    "root": "$work/images", "cache": { "directory": "$work/renditions" }, "presets_ahead": false,
    "limits": { "per_client_per_minute": 0 }
  } } }
}
JSON
  cat >"$work/nginx.conf" <<CONF
daemon off; master_process off; pid $work/nginx/pid; error_log $work/nginx/error.log;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  open_file_cache max=100 inactive=60s; open_file_cache_valid 60s;
  types { image/jpeg jpg; } client_body_temp_path $work/nginx; proxy_temp_path $work/nginx;
  fastcgi_temp_path $work/nginx; uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx;
  server { listen 127.0.0.1:$nginx_port; root $work/images; }
}
CONF
  rm -rf "$work"/renditions "$work"/images.db*
  "$build/bin/totemd" --config="$work/images.json" >"$work/totemd.log" 2>&1 &
  daemon=$!
  nginx -c "$work/nginx.conf" 2>"$work/nginx.log" &
  nginx=$!
  until curl -fs -o /dev/null "http://127.0.0.1:$images/api/catalogos/bench/60k.jpg" &&
    curl -fs -o /dev/null "http://127.0.0.1:$nginx_port/catalogos/bench/60k.jpg"; do
    kill -0 "$daemon" "$nginx" || { tail "$work/totemd.log" "$work/nginx.log"; exit 1; }
    sleep 0.05
  done
  # The picture worker is there, too.
  curl -fs -o /dev/null "http://127.0.0.1:$images/api/catalogos/bench/photo.jpg?w=10&fm=webp"
}
stop_images() { kill "$nginx"; wait "$nginx" || true; nginx=; stop_daemon; }

etag() { curl -sI "$1" | tr -d '\r' | awk 'tolower($1) == "etag:" { print $2 }'; }
ticks_of() { cut -d' ' -f14-15 "/proc/$1/stat" | awk '{ print $1 + $2 }'; }
# hit PID URL [wrk's arguments …]: sets rate and cpu (µs per request)
hit() {
  local pid=$1 url=$2 before spent
  shift 2
  before=$(ticks_of "$pid")
  wrk -t1 -c16 -d"$seconds" "$@" "$url" >"$work/wrk.txt"
  spent=$(($(ticks_of "$pid") - before))
  rate=$(awk '/Requests\/sec/ { printf "%d", $2 }' "$work/wrk.txt")
  cpu=$(awk -v t=$spent '/requests in/ { printf "%.1f", t * 10000 / $1 }' "$work/wrk.txt")
  if grep -qE 'Socket errors' "$work/wrk.txt"; then grep 'Socket errors' "$work/wrk.txt" >&2; fi
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# beside_nginx NAME FILE [304]
beside_nginx() {
  local ours=http://127.0.0.1:$images/api/catalogos/bench/$2 theirs=http://127.0.0.1:$nginx_port/catalogos/bench/$2
  local ratios= costs= our_rate their_rate our_cpu our_more=() their_more=()
  if [ -n "${3:-}" ]; then
    our_more=(-H "If-None-Match: $(etag "$ours")") their_more=(-H "If-None-Match: $(etag "$theirs")")
  fi
  for _ in 1 2 3; do
    hit "$daemon" "$ours" "${our_more[@]}"; our_rate=$rate our_cpu=$cpu
    hit "$nginx" "$theirs" "${their_more[@]}"; their_rate=$rate
    ratios+="$(awk "BEGIN { printf \"%.2f\", $our_rate / $their_rate }") "
    costs+="$(awk "BEGIN { printf \"%.2f\", $our_cpu / $cpu }") "
  done
  row "$1, 16 clients, beside nginx" "≥ 0.9, CPU ≤ 1" "$(tr ' ' '\n' <<<"$ratios" | grep . | median), CPU $(tr ' ' '\n' <<<"$costs" | grep . | median)" \
    "last round: $our_rate/s and $our_cpu µs, nginx $their_rate/s and $cpu µs"
}

milliseconds() { curl -s -o /dev/null -w '%{time_total}\n' "http://127.0.0.1:$images/api/catalogos/bench/$1" | awk '{ printf "%.1f\n", $1 * 1000 }'; }
cold_beside_vips() {
  local ratios= ours bare
  for round in 1 2 3; do
    ours=$(for i in $(seq 15); do milliseconds "photo.jpg?w=$((770 + 15 * round + i))&fm=webp"; done | median)
    bare=$(nice -n 5 "$build/bin/bench_vips" call "$work/images/catalogos/bench/photo.jpg" 790)
    ratios+="$(awk "BEGIN { printf \"%.2f\", $ours / $bare }") "
  done
  row "Cold 800 px WebP of a 1600² photo, beside the bare libvips call" "≤ 1.3" "$(tr ' ' '\n' <<<"$ratios" | grep . | median)" "last round: $ours ms, libvips $bare ms"
}
bomb() {
  row "PNG of 30000×30000 refused" "< 10 ms" "$(for i in $(seq 15); do milliseconds "bomb.png?w=$i"; done | median) ms" "median of 15 sizes"
}
pss() { local pid; for pid in $(tree "$daemon"); do cat "/proc/$pid/smaps_rollup" 2>/dev/null; done | awk '/^Pss:/ { s += $2 } END { printf "%d", s / 1024 }'; }
cold_clients() {
  cat >"$work/cold.lua" <<'LUA'
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, string.format("/api/catalogos/bench/photo.jpg?fm=webp&w=%d&q=%d", 200 + n % 1000, 60 + n / 1000 % 40))
end
LUA
  local most=0 now cold made
  wrk -t1 -c64 -d"$seconds" --timeout 30 -s "$work/cold.lua" "http://127.0.0.1:$images" >"$work/cold.txt" &
  cold=$!
  wrk -t1 -c4 -d"$seconds" --latency "http://127.0.0.1:$images/api/catalogos/bench/60k.jpg" >"$work/wrk.txt" &
  while kill -0 $cold 2>/dev/null; do
    now=$(pss)
    [ "$now" -le $most ] || most=$now
    sleep 0.2
  done
  wait $cold
  made=$(awk '/Requests\/sec/ { print $2 }' "$work/cold.txt")$(grep -E 'Non-2xx|Socket errors' "$work/cold.txt" | tr -s ' ' || true)
  row "Hits while 64 clients want cold variants, p99" "< 5 ms" "$(awk '$1 == "99%" { print $2 }' "$work/wrk.txt")" "$(awk '/Requests\/sec/ { printf "%d", $2 }' "$work/wrk.txt")/s by 4 clients; $made cold variants/s"
  row "Memory meanwhile (sum of Pss)" "< 150 MB" "$most MB" "$(tree "$daemon" | wc -l) processes"
  sleep "$rest"
  row "Memory $rest s afterwards" "< 100 MB" "$(pss) MB" "$(tree "$daemon" | wc -l) processes"
}

measure_images() {
  command -v nginx >/dev/null || { echo "bench: nginx is missing; run: apt-get install nginx-light" >&2; exit 1; }
  [ -x "$build/bin/bench_vips" ] || { echo "bench: bench_vips was not built; run: apt-get install libvips-dev" >&2; exit 1; }
  start_images
  beside_nginx "Picture of 4 KB" 4k.jpg
  beside_nginx "Picture of 60 KB" 60k.jpg
  beside_nginx "Picture of 1 MB" 1m.jpg
  beside_nginx "304 Not Modified" 60k.jpg 304
  cold_beside_vips
  bomb
  cold_clients
  stop_images
}
