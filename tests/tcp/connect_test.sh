#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# 10,000 connections, opened by either side, closed by either side first, by both, or reset by either, over and over on the
# same few addresses and ports: none fails, and nothing is held afterwards.
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
smoke_begin tcpconn
two_ends 1500
# a kernel that opens may take over the port of its own TIME-WAIT after a second
in_ns p sysctl -q -w net.ipv4.tcp_tw_reuse=1
n=$((1000 * tcp_scale))
# the way one side ends it, and the other: 7001 and on serve the other's part
ours=(first last first reset await_reset)
theirs=(last first first await_reset reset)
serve_h=() serve_p=() open_h=() open_p=()
for i in "${!ours[@]}"; do
	serve_h+=(--serve "port=$((7001 + i)),send=300,count=$n,end=${ours[i]}")
	serve_p+=(--serve "port=$((7001 + i)),send=300,count=$n,end=${theirs[i]}")
	open_h+=(--connect "to=10.0.0.2,port=$((7001 + i)),from=1000,ports=24,count=$n,parallel=16,send=300,end=${ours[i]}")
	# where the kernel is left with TIME-WAIT it needs more ports: each rests for a second
	ports=24
	case ${theirs[i]} in first) ports=4000 ;; esac
	open_p+=(--connect "to=10.0.0.1,port=$((7001 + i)),from=2000,ports=$ports,count=$n,parallel=16,send=300,end=${theirs[i]}")
done
peer_start peer "${serve_p[@]}"
start=$SECONDS
host_start host "${serve_h[@]}" "${open_h[@]}"
wait_text "$((300 * tcp_scale))" host.out 'job 9 done'
echo "opened by us: $((SECONDS - start)) s"
start=$SECONDS
in_ns p "$tcp_peer" "${open_p[@]}" >"$tmp/client.out" 2>"$tmp/client.err"
served host {0..4}
served peer {0..4}
echo "opened by the kernel: $((SECONDS - start)) s"
stop host
stop peer
for side in "host connect" "peer serve" "client connect" "host serve"; do
	read -r name kind <<<"$side"
	judge "$name" "$kind".{0..4}="$n"
done
[ "$(counter host time_wait_reused)" -gt 0 ] || fail "no TIME-WAIT of ours met a new SYN"
expect "connections that timed out" "$(counter host conn_timeout)" 0
echo ok
