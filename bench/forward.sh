#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The whole-router benchmark. As root. Usage: forward.sh --json FILE [--quick] [--no-proxy]
# Installs and builds what it needs (into $BUILD, by default build/), measures for about three minutes (--quick: half a
# minute), prints tables and writes FILE. What is measured and how to read it: doc/performance.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
BUILD=$(realpath -m "${BUILD:-$root/build}")
export BUILD PYTHONDONTWRITEBYTECODE=1

usage() {
	echo "usage: forward.sh --json FILE [--quick] [--no-proxy]" >&2
	exit 2
}

json='' quick=() proxy=1
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=${2:-} && shift 2 || usage ;;
	--quick) quick=(--quick) && shift ;;
	--no-proxy) proxy=0 && shift ;;
	*) usage ;;
	esac
done
[ -n "$json" ] || usage
[ "$(id -u)" -eq 0 ] || {
	echo "forward.sh: has to run as root: it makes network namespaces and pins processes" >&2
	exit 1
}

"$root/scripts/deps.sh" build bench
[ -f "$BUILD/build.ninja" ] || meson setup "$BUILD" "$root" >/dev/null
ninja -C "$BUILD" --quiet

tmp=$(mktemp -d /tmp/lnrb-XXXXXX)
child=
finish() {
	local status=$?
	trap - EXIT
	if [ -n "$child" ]; then
		kill -TERM "$child" 2>/dev/null || true
		wait "$child" || true
	fi
	rm -rf "$tmp"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# In the background and waited for, so that a signal reaches us at once and is passed on.
run() {
	"$@" &
	child=$!
	wait "$child"
	child=
}

run python3 "$here/forward.py" --build "$BUILD" --json "$tmp/forward" "${quick[@]}"
if [ "$proxy" = 1 ]; then
	run "$here/proxy.sh" --json "$tmp/proxy" "${quick[@]}"
fi

python3 - "$tmp" "$json" <<'PY'
import json, os, sys
merged = {}
for name in ('forward', 'proxy'):
    path = os.path.join(sys.argv[1], name)
    if os.path.exists(path):
        merged.update(json.load(open(path)))
with open(sys.argv[2], 'w') as f:
    json.dump(merged, f, indent=1)
    f.write('\n')
PY
