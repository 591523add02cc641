# SPDX-License-Identifier: BSD-3-Clause
# Sourced by every smoke test: namespaces with a prefix of their own, veth pairs with real checksums, background programs,
# waiting for a state, and clean-up on any exit.
#
#	smoke_begin NAME			first; NAME prefixes everything
#	netns_add NS				namespace $prefix-NS; later arguments NS mean this short name
#	veth_add NS IF NS IF [MTU]		a pair of interfaces; no offloads, so that checksums and segments are real
#	addr_add NS IF ADDR/LEN...		IPv4 or IPv6
#	in_ns NS COMMAND...			run in the foreground
#	spawn NAME NS COMMAND...		run in the background; output in $tmp/NAME.out and $tmp/NAME.err
#	stop NAME [SIGNAL]			signal, wait, return its exit status
#	wait_for SECONDS WHAT COMMAND...	until COMMAND succeeds; fails the test, naming WHAT
#	json FILE PATH				a field of the last line of JSON, e.g. counters.puts_received or loads.0.bytes
#	expect WHAT GOT WANTED			fail if not equal
#	fail TEXT, skip REASON			end of the test
set -euo pipefail

declare -A smoke_pids=()
smoke_netns=()
tmp=

skip() {
	echo "SKIP: $*"
	exit 77
}

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# The last lines of every program's output, for the log of a failed test.
smoke_dump() {
	local f
	for f in "$tmp"/*.err "$tmp"/*.out; do
		[ -s "$f" ] || continue
		echo "--- $(basename "$f")" >&2
		tail -n 20 "$f" | cut -c 1-2000 >&2
	done
}

smoke_end() {
	local status=$? name ns
	trap - EXIT INT TERM HUP
	set +e
	if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then smoke_dump; fi
	for name in "${!smoke_pids[@]}"; do kill -KILL "${smoke_pids[$name]}" 2>/dev/null; done
	for name in "${!smoke_pids[@]}"; do wait "${smoke_pids[$name]}" 2>/dev/null; done
	for ns in "${smoke_netns[@]}"; do ip netns del "$ns" 2>/dev/null; done
	if [ -n "${KEEP_TMP:-}" ]; then echo "kept $tmp" >&2; else rm -rf "$tmp"; fi
	exit "$status"
}

smoke_begin() {
	[ "$(id -u)" -eq 0 ] || skip "has to run as root: it makes network namespaces"
	local tool
	for tool in ip ethtool python3; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	# a namespace name ends in its short name; 15 characters are the limit of interfaces only
	prefix=$1-$$
	tmp=$(mktemp -d "/tmp/$prefix.XXXXXX")
	# where DPDK's sockets and files of this test lie, and its clients look for them
	export RUNTIME_DIRECTORY=$tmp/run
	mkdir "$RUNTIME_DIRECTORY"
	trap smoke_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

netns_add() {
	local ns=$prefix-$1
	ip netns add "$ns" || fail "cannot make namespace $ns"
	smoke_netns+=("$ns")
	ip -n "$ns" link set lo up
	# kernel peers shall answer loss and delay as the field's do, whatever the default of this machine is. A namespace may
	# only take what the machine allows to all; lnet-peer sets it for each of its sockets in any case.
	in_ns "$1" sysctl -q -w net.ipv4.tcp_congestion_control=cubic 2>/dev/null || true
}

in_ns() {
	local ns=$prefix-$1
	shift
	ip netns exec "$ns" "$@"
}

veth_add() {
	local ns1=$1 if1=$2 ns2=$3 if2=$4 mtu=${5:-1500} side ns if
	ip link add "$if1" netns "$prefix-$ns1" mtu "$mtu" type veth peer name "$if2" netns "$prefix-$ns2" mtu "$mtu"
	for side in "$ns1 $if1" "$ns2 $if2"; do
		read -r ns if <<<"$side"
		in_ns "$ns" ethtool -K "$if" tx off tso off gso off gro off >/dev/null 2>&1 ||
			fail "cannot switch off the offloads of $if"
		in_ns "$ns" ip link set "$if" up
	done
}

addr_add() {
	local ns=$1 if=$2 a
	shift 2
	for a in "$@"; do
		case $a in
		*:*) in_ns "$ns" ip -6 addr add "$a" dev "$if" nodad ;;
		*) in_ns "$ns" ip addr add "$a" dev "$if" ;;
		esac
	done
}

spawn() {
	local name=$1 ns=$2
	shift 2
	# empty before anybody waits for a text in them: a name may be used again
	: >"$tmp/$name.out"
	: >"$tmp/$name.err"
	ip netns exec "$prefix-$ns" "$@" </dev/null >"$tmp/$name.out" 2>"$tmp/$name.err" &
	smoke_pids[$name]=$!
}

# ip netns exec becomes the program: the process id is the program's own
stop() {
	local pid=${smoke_pids[$1]} status=0
	kill -"${2:-TERM}" "$pid" 2>/dev/null || true
	wait "$pid" || status=$?
	unset "smoke_pids[$1]"
	return "$status"
}

is_running() {
	kill -0 "${smoke_pids[$1]}" 2>/dev/null
}

wait_for() {
	local seconds=$1 what=$2 end
	shift 2
	end=$((SECONDS + seconds))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "not within $seconds s: $what"
		sleep 0.05
	done
}

wait_text() {
	wait_for "$1" "'$3' in $2" grep -q -- "$3" "$tmp/$2"
}

json() {
	python3 - "$1" "$2" <<'PY'
import json, sys
lines = [l for l in open(sys.argv[1]) if l.startswith('{')]
if not lines:
    sys.exit('no JSON in ' + sys.argv[1])
v = json.loads(lines[-1])
for key in sys.argv[2].split('.'):
    v = v[int(key)] if isinstance(v, list) else v[key]
print(json.dumps(v) if isinstance(v, (dict, list, bool)) else v)
PY
}

expect() {
	[ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
}
