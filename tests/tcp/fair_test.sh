#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Flows of the engine and as many of Linux's own CUBIC share a bottleneck, each side starting first in turn; and in the long
# form, for comparison, Linux's in the engine's place. What is measured is how the two sides share a number of bytes, not how
# long that takes. The mean share of the engine in all runs has to be within 20 % of a fair one.
# Usage: fair_test.sh [FLOWS [MBIT [DELAY_US]]]; RUNS=n
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
smoke_begin tcpfair
mtu=1500
flows=${1:-1} rate_mbit=${2:-50} delay_us=${3:-10000}
runs=${RUNS:-$((2 * tcp_scale))}
# a bandwidth-delay product
queue_kb=$((rate_mbit * delay_us * 2 / 8 / 1024))
# 4 s of the rate and 15 s of it
warm_up=$((rate_mbit * 500000)) measured=$((rate_mbit * 1875000))

# h (engine), c and k (Linux) send by router x through relay r to p
for ns in h c k x r p; do netns_add "$ns"; done
in_ns x sysctl -q -w net.ipv4.ip_forward=1
net=0
for ns in h c k p; do
	if [ "$ns" = p ]; then
		veth_add x "x$ns" r rx
		veth_add r rp p p0
	else
		veth_add "$ns" "${ns}0" x "x$ns"
	fi
	addr_add x "x$ns" "10.0.$net.254/24"
	if [ "$ns" != h ]; then
		addr_add "$ns" "${ns}0" "10.0.$net.1/24"
		in_ns "$ns" ip route add default via "10.0.$net.254"
	fi
	net=$((net + 1))
done
for i in "h h0" "r rx" "r rp"; do
	in_ns "${i% *}" sysctl -q -w "net.ipv6.conf.${i#* }.disable_ipv6=1"
	in_ns "${i% *}" ip link set "${i#* }" arp off promisc on
done
spawn relay r "$lnet_relay" --a rx --b rp --seed 1 --delay-us "$delay_us" --rate-mbit "$rate_mbit" --queue-kb "$queue_kb"
wait_text 10 relay.err forwarding
host_iface=,gw=10.0.0.254

# Bytes that p has received in this run from the engine or what is in its place (10.0.0.1 or 10.0.1.1), and from k.
received() {
	in_ns p ss -tinH state established "( sport = :$port )" | awk '
		/10\.0\.[01]\.1[]]?:/ { who = 1 }
		/10\.0\.2\.1[]]?:/ { who = 2 }
		{
			for (i = 1; i <= NF; i++)
				if (split($i, part, ":") == 2 && part[1] == "bytes_received")
					n[who] += part[2]
		}
		END { printf "%d %d\n", n[1], n[2] }'
}

# Both sides are there, and together they have received so much. Asked twice a second: asking costs what the flows need.
have_received() {
	local ours theirs
	sleep 0.5
	read -r ours theirs < <(received)
	[ "$ours" -gt 0 ] && [ "$theirs" -gt 0 ] && [ $((ours + theirs)) -ge "$1" ]
}

start_flows() {
	local job="to=10.0.3.1,port=$port,send=1024G,ports=$flows,parallel=$flows,count=$flows"
	case $1 in
	engine) host_start engine --connect "$job" ;;
	control) spawn control c "$tcp_peer" --connect "$job" ;;
	linux) spawn linux k "$tcp_peer" --connect "$job" ;;
	esac
}

# one_run KIND NUMBER: how much each side got, appended to shares
one_run() {
	local kind=$1 first=$1 second=linux ours theirs ours_then theirs_then
	port=$((port + 1))
	peer_start sink --serve "port=$port"
	if [ $(($2 % 2)) = 0 ]; then first=linux second=$1; fi
	start_flows "$first"
	start_flows "$second"
	wait_for 300 "both sides under way" have_received "$warm_up"
	read -r ours theirs < <(received)
	wait_for 600 "both sides measured" have_received $((ours + theirs + measured))
	read -r ours_then theirs_then < <(received)
	stop "$kind"
	stop linux
	stop sink
	shares+=("$(awk -v a=$((ours_then - ours)) -v b=$((theirs_then - theirs)) 'BEGIN { printf "%.3f", 2 * a / (a + b) }')")
	echo "$kind, run $2, $first first: $(((ours_then - ours) >> 20)) MiB to $(((theirs_then - theirs) >> 20)) MiB of Linux:" \
		"${shares[-1]} of a fair share"
}

port=7000
kinds=(engine)
[ "$tcp_scale" = 1 ] || kinds=(control engine)
echo "$flows and $flows flows, $rate_mbit Mbit/s, round trip $((2 * delay_us)) us, queue $queue_kb KiB"
for kind in "${kinds[@]}"; do
	shares=()
	for ((run = 1; run <= runs; run++)); do one_run "$kind" "$run"; done
	mean=$(printf '%s\n' "${shares[@]}" | awk '{ sum += $1 } END { printf "%.3f", sum / NR }')
	echo "$kind: $mean of a fair share"
done
stop relay
[ "$(json "$tmp/relay.out" a.queue_full)" -gt 0 ] || fail "the bottleneck never was one: $(cat "$tmp/relay.out")"
awk -v m="$mean" 'BEGIN { exit !(m >= 0.8 && m <= 1.2) }' || fail "the engine has $mean of a fair share"
echo ok
