#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a segment costs the TCP engine, without ports. Usage: tcp.sh --json FILE [--quick] [--no-instructions]
# Installs and builds what it needs (into $BUILD, by default build/), measures cycles and, if not told otherwise, instructions
# by step (under valgrind) and cache lines that are waited for (--quick: fewer repetitions of the cycles), prints tables and
# writes FILE. What is measured and how to read it: doc/performance.md.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
BUILD=$(realpath -m "${BUILD:-$root/build}")
export PYTHONDONTWRITEBYTECODE=1

usage() {
	echo "usage: tcp.sh --json FILE [--quick] [--no-instructions]" >&2
	exit 2
}

json='' args=() instructions=1
while [ $# -gt 0 ]; do
	case $1 in
	--json) json=${2:-} && shift 2 || usage ;;
	--quick) args+=(--quick) && shift ;;
	--no-instructions) instructions=0 && shift ;;
	*) usage ;;
	esac
done
[ -n "$json" ] || usage

"$root/scripts/deps.sh" build bench
[ -f "$BUILD/build.ninja" ] || meson setup "$BUILD" "$root" >/dev/null
ninja -C "$BUILD" --quiet bench/tcp_bench
if [ "$instructions" = 1 ]; then
	# the same code, but with the lines that it came from
	[ -f "$BUILD/lines/build.ninja" ] || meson setup -Ddebug=true "$BUILD/lines" "$root" >/dev/null
	ninja -C "$BUILD/lines" --quiet bench/tcp_bench
	args+=(--lines "$BUILD/lines/bench/tcp_bench")
	# and with a call for each load and store
	[ -f "$BUILD/waits/build.ninja" ] || meson setup -Db_lundef=false -Dc_args="-I$here/waits -DBENCH_WAITS \
		-fsanitize=kernel-address --param=asan-instrumentation-with-call-threshold=0 --param=asan-stack=0 \
		--param=asan-globals=0" "$BUILD/waits" "$root" >/dev/null
	ninja -C "$BUILD/waits" --quiet bench/tcp_bench
	args+=(--waits "$BUILD/waits/bench/tcp_bench")
fi

# The router's memory is in huge pages: so is the engine's here.
pages=/sys/kernel/mm/hugepages/hugepages-2048kB
if [ -w "$pages/nr_hugepages" ] && [ "$(cat "$pages/free_hugepages")" -lt 300 ]; then
	before=$(cat "$pages/nr_hugepages")
	trap 'echo "$before" >"$pages/nr_hugepages"' EXIT
	echo $((before + 300)) >"$pages/nr_hugepages"
fi
python3 "$here/tcp.py" --program "$BUILD/bench/tcp_bench" --json "$json" "${args[@]}"
