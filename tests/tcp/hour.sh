#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tests of this folder in turn, over and over, for an hour or so: each time with another seed, MTU and network. A line for each
# run, a table at the end. Ends with the first run that fails (a connection stood still, a byte was wrong, something was held),
# whose files are kept. Not with fair_test.sh: single runs of it scatter too much to fail anything.
# Usage, as root: hour.sh [SECONDS [SEED]]; BUILD=build folder
set -euo pipefail
here=$(dirname "$0")
seconds=${1:-3600}
seed=${2:-$RANDOM}
kept=$(mktemp -d /tmp/tcp-hour.XXXXXX)
declare -A runs=() spent=() silence=()
failed=

# What the relay is to do, left in $network, since a subshell would not move $RANDOM on: some loss, and mostly a bit of the rest.
make_network() {
	local chance option low high divisor n
	network=
	while read -r chance option low high divisor; do
		[ $((RANDOM % 4)) -lt "$chance" ] || continue
		n=$((low + RANDOM % (high - low + 1)))
		network+="${network:+ }--$option $(awk -v n="$n" -v d="$divisor" 'BEGIN { print n / d }')"
	done <<-'END'
		4 loss 2 20 1000
		3 dup 0 20 1000
		3 reorder 0 50 1000
		3 corrupt 0 4 1000
		3 delay-us 0 3000 1
		3 jitter-us 0 1000 1
		3 reorder-us 100 3000 1
		1 rate-mbit 20 200 1
	END
}

# run TEST [ARGUMENT...]	with $network, if it is a test that has one
run() {
	local what=$1 status=0 start=$SECONDS log=$kept/log dir longest
	local name="$what${2:+ $2}${3:+ $3}" run_seed=$RANDOM
	SEED=$run_seed KEEP_TMP=1 IMPAIR=$network timeout -k 60 1800 "$here/${what}_test.sh" "${@:2}" >"$log" 2>&1 || status=$?
	dir=$(sed -n 's/^kept //p' "$log")
	longest=$(sed -n 's/.*longest silence \([0-9]*\) ms/\1/p' "$log" | sort -n | tail -n 1)
	printf '%6d s  %-18s seed %5d  %4d s  silence %5d ms  status %d  %s\n' "$SECONDS" "$name" "$run_seed" $((SECONDS - start)) \
		"${longest:-0}" "$status" "$network"
	runs[$what]=$((${runs[$what]:-0} + 1))
	spent[$what]=$((${spent[$what]:-0} + SECONDS - start))
	[ "${longest:-0}" -le "${silence[$what]:-0}" ] || silence[$what]=$longest
	if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then
		failed="SEED=$run_seed IMPAIR='$network' $here/${what}_test.sh ${*:2}"
		mv "$dir" "$kept/files" || true
		exit 1
	fi
	rm -rf "$dir" "$log"
}

report() {
	local what
	trap - EXIT
	printf '\n%-10s %6s %8s %14s\n' test runs seconds "silence in ms"
	for what in "${!runs[@]}"; do
		printf '%-10s %6d %8d %14d\n' "$what" "${runs[$what]}" "${spent[$what]}" "${silence[$what]:-0}"
	done | sort
	if [ -n "$failed" ]; then
		tail -n 5 "$kept/log"
		echo "failed: $failed; what is left of it: $kept"
	fi
	rmdir "$kept" 2>/dev/null || true
}

# Until the time is up, in the middle of a round as well.
turn() {
	[ "$SECONDS" -lt "$seconds" ] || exit 0
	run "$@"
}

trap report EXIT
trap 'exit 130' INT TERM
[ "$(id -u)" -eq 0 ] || {
	echo "hour.sh has to run as root: it makes network namespaces" >&2
	exit 2
}
RANDOM=$seed
echo "seed $seed, $seconds s"
mtus=(1500 9000 1280 4000)
ecn=(passive on dctcp)
for ((round = 0; ; round++)); do
	network=
	turn hostile
	turn bulk "${mtus[round % 4]}" clean
	turn ecn "${ecn[round % 3]}"
	turn kill
	turn connect
	turn window clean
	for ((i = 0; i < 3; i++)); do
		make_network
		turn bulk "${mtus[(round + i) % 4]}" bad
		make_network
		turn window bad
	done
done
