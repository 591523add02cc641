#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Install what is needed, build, and pass every test. As root, with or without hugepages, again and again.
# Usage: test.sh [STAGE...]; stages: lint gcc clang asan tsan smoke (all without an argument).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

need_root
scripts/deps.sh build test lint
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(lint gcc clang asan tsan smoke)
before=$(state_of_machine)
# where DPDK's run-time files of the tests lie
RUNTIME_DIRECTORY=$(mktemp -d)
export RUNTIME_DIRECTORY
trap 'rm -rf "$RUNTIME_DIRECTORY"' EXIT
passed=0 failed=0 skipped=0 bad_ones=()

# failed_one WHAT: count it, and name it again behind all that is printed.
failed_one() {
	failed=$((failed + 1))
	bad_ones+=("$1")
}

# count DIR: add the results of meson's last run in DIR.
count() {
	local n name bad
	n=$(python3 - "$1" <<'PY'
import json, sys
ok = skip = 0
bad = []
for line in open(sys.argv[1] + '/meson-logs/testlog.json'):
    r = json.loads(line)
    if r['result'] == 'OK':
        ok += 1
    elif r['result'] == 'SKIP':
        skip += 1
    else:
        bad.append(r['name'].replace(' ', ''))
    if r['result'] != 'OK':
        print(r['result'], r['name'], file=sys.stderr)
        print((r.get('stdout') or '')[-3000:], (r.get('stderr') or '')[-3000:], file=sys.stderr)
print(ok, skip, *bad)
PY
	)
	read -r ok skip bad <<<"$n"
	passed=$((passed + ok)) skipped=$((skipped + skip))
	for name in $bad; do failed_one "$1 $name"; done
}

# build DIR [MESON OPTION...]
build() {
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" >/dev/null
	ninja -C "$dir" --quiet
}

# run_suites DIR SUITE...
run_suites() {
	local dir=$1 s args=()
	shift
	for s in "$@"; do args+=(--suite "$s"); done
	meson test -C "$dir" --no-rebuild --print-errorlogs "${args[@]}" || true
	count "$dir"
}

stage_lint() {
	if scripts/lint.sh; then passed=$((passed + 1)); else failed_one lint; fi
}

stage_gcc() {
	build build
	run_suites build unit sim fuzz
}

stage_clang() {
	CC=clang build build-clang
	run_suites build-clang unit
}

stage_asan() {
	build build-asan -Dbuildtype=debugoptimized -Db_sanitize=address,undefined
	ASAN_OPTIONS=detect_leaks=1 run_suites build-asan unit sim fuzz
}

stage_tsan() {
	CC=clang build build-tsan -Dbuildtype=debugoptimized -Db_sanitize=thread -Db_lundef=false \
		-Dc_args=-DRTE_USE_C11_MEM_MODEL
	run_suites build-tsan threads
}

# One test at a time: each makes its own namespaces and shares the two cores of a small machine.
stage_smoke() {
	build build
	meson test -C build --no-rebuild --print-errorlogs --num-processes 1 --suite smoke || true
	count build
}

for stage in "${stages[@]}"; do
	echo "== $stage"
	"stage_$stage"
done

compare_state "$before" || failed_one "the machine is not as it was"
[ "$failed" -eq 0 ] || printf 'failed: %s\n' "${bad_ones[@]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
