# SPDX-License-Identifier: BSD-3-Clause
# Sourced behind smoke/_init.sh and smoke/_router.sh: the router's TCP engine in namespace h, kernel sockets in namespace p.
#
#	two_ends [MTU]			h and p on one wire; h is 10.0.0.1 and fd00:0::1, p is 10.0.0.2 and fd00:0::2
#	two_ends_relay MTU OPTION...	the same with lnet-relay between them
#	impair OPTION...		of a relay, by default; see below
#	host_start NAME OPTION...	tcp-host in the background, ready
#	peer_start NAME OPTION...	tcp-peer in the background, ready
#	finished NAME [SECONDS]		wait for a program that ends by itself
#	served NAME JOB...		wait for the end of its serving jobs
#	judge, counter, counted, no_stall	of a program that has ended: see below
tcp_host=$BUILD/tests/tcp/tcp-host
tcp_peer=$BUILD/tests/tcp/tcp-peer
# how much longer than in CI everything goes on
tcp_scale=${TCP_SCALE:-1}

two_ends() {
	mtu=${1:-1500}
	netns_add h
	netns_add p
	veth_add h h0 p p0 "$mtu"
	ends_up
}

two_ends_relay() {
	mtu=$1
	shift
	netns_add h
	netns_add p
	netns_add x
	veth_add h h0 x xh "$mtu"
	veth_add x xp p p0 "$mtu"
	for i in xh xp; do
		in_ns x sysctl -q -w "net.ipv6.conf.$i.disable_ipv6=1"
		in_ns x ip link set "$i" arp off promisc on
	done
	spawn relay x "$lnet_relay" --a xh --b xp "$@"
	wait_text 10 relay.err forwarding
	ends_up
}

ends_up() {
	in_ns h sysctl -q -w net.ipv6.conf.h0.disable_ipv6=1
	in_ns h ip link set h0 arp off promisc on
	addr_add p p0 10.0.0.2/24 fd00::2/64
}

# What a bad relay does, or what IMPAIR says instead, left in $options.
impair() {
	options=("$@")
	[ -z "${IMPAIR:-}" ] || read -ra options <<<"$IMPAIR"
	echo "relay ${options[*]}"
}

host_start() {
	local name=$1 room=2048
	shift
	[ "$mtu" -gt 1500 ] && room=9216
	spawn "$name" h "$tcp_host" --no-huge -m 384 --no-pci --no-telemetry --file-prefix "$prefix-$name" \
		--lcores "0@(0-$(($(nproc) - 1)))" --log-level=lib.eal:error --vdev "net_af_packet0,iface=h0,$(port_args)" -- \
		--interface "name=p0,port=net_af_packet0,ip=10.0.0.1/24,ip=fd00::1/64,mtu=$mtu${host_iface:-}" \
		--mtu "$mtu" --mbuf-room "$room" "$@"
	ready "$name"
}

peer_start() {
	local name=$1
	shift
	spawn "$name" p "$tcp_peer" "$@"
	ready "$name"
}

# A program that says "ready" on stderr, or has ended without.
ready() {
	wait_for 60 "$1 is ready or has ended" eval "! is_running $1 || grep -q ready '$tmp/$1.err'"
	grep -q ready "$tmp/$1.err" || fail "$1 did not start"
}

has_ended() {
	! is_running "$1"
}

finished() {
	wait_for "${2:-$((300 * tcp_scale))}" "the end of $1" has_ended "$1"
	stop "$1" || fail "$1 ended with status $?"
}

# served NAME JOB...	wait until these jobs with a count have ended. The other side of their connections may be done earlier: its
#			last ACK can be lost.
served() {
	local name=$1 job
	shift
	for job in "$@"; do wait_text "$((300 * tcp_scale))" "$name.out" "job $job done"; done
}

# judge NAME KIND.N=COUNT...	jobs of a program that has ended: so many connections, and all of them right; or OK/COUNT:
#				so many right, none wrong, the others cut. Of a tcp-host also: nothing is held. Prints the
#				longest silence of each.
judge() {
	python3 - "$tmp/$1.out" "$@" <<'PY'
import json, sys
path, name, *wanted = sys.argv[1:]
report = json.loads([l for l in open(path) if l.startswith('{')][-1])
bad = [f'{what} held' for what, n in report.get('held', {}).items() if n != 0]
for w in wanted:
    where, count = w.split('=')
    ok, _, count = (count if '/' in count else f'{count}/{count}').partition('/')
    kind, n = where.split('.')
    job = report[kind][int(n)]
    print(f'{name} {where}: longest silence {job["gap_ms"]} ms')
    got = [job[k] for k in ('started', 'ok', 'cut')]
    if got != [int(count), int(ok), int(count) - int(ok)]:
        bad.append(f'{where}, {ok} of {count}: {job}')
if bad:
    sys.exit(f'FAIL: {name}: ' + '; '.join(bad))
PY
}

# counter NAME COUNTER: what the engine of a tcp-host that has ended counted
counter() {
	json "$tmp/$1.out" "tcp.$2"
}

# counted NAME COUNTER...: these are not zero
counted() {
	python3 - "$tmp/$1.out" "${@:2}" <<'PY'
import json, sys
counters = json.loads([l for l in open(sys.argv[1]) if l.startswith('{')][-1])['tcp']
zero = [c for c in sys.argv[2:] if counters[c] == 0]
if zero:
    sys.exit('FAIL: not counted: ' + ' '.join(zero))
PY
}

# no_stall NAME MS: no job of it stood still for longer
no_stall() {
	python3 - "$tmp/$1.out" "$2" <<'PY'
import json, sys
report = json.loads([l for l in open(sys.argv[1]) if l.startswith('{')][-1])
longest = max(j['gap_ms'] for kind in ('connect', 'serve') for j in report[kind])
if longest > int(sys.argv[2]):
    sys.exit(f'FAIL: nothing moved for {longest} ms')
PY
}
