#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Bulk data both ways at once, over IPv4 and IPv6, opened by either side: every byte is right, and no connection stands still.
# Usage: bulk_test.sh MTU clean|bad
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
kind=${2:-clean}
smoke_begin "bulk${1:-1500}"
seed=${SEED:-$RANDOM}
echo "seed $seed"
if [ "$kind" = clean ]; then
	size=$((32 * tcp_scale))M
	stall_ms=5000
	two_ends_relay "${1:-1500}" --seed "$seed"
else
	size=$((4 * tcp_scale))M
	# several retransmissions in a row may be lost: the timeout doubles up to 8 s
	stall_ms=30000
	impair --loss 0.01 --dup 0.01 --reorder 0.02 --corrupt 0.002 --delay-us 200 --jitter-us 300
	two_ends_relay "${1:-1500}" --seed "$seed" "${options[@]}"
fi
serve=(--serve "port=7001,send=$size,count=2" --serve port=7002,echo,count=4)
peer_start peer "${serve[@]}"
start=$SECONDS
host_start host "${serve[@]}" --connect "to=10.0.0.2,port=7001,send=$size,end=first" \
	--connect "to=fd00::2,port=7001,send=$size,end=first" \
	--connect "to=10.0.0.2,port=7002,send=$size,ports=4,parallel=4,count=4,end=first"
wait_text "$((300 * tcp_scale))" host.out 'job 4 done'
in_ns p "$tcp_peer" --connect "to=10.0.0.1,port=7001,send=$size,end=first" \
	--connect "to=fd00::1,port=7001,send=$size,end=first" \
	--connect "to=10.0.0.1,port=7002,send=$size,ports=4,parallel=4,count=4,end=first" >"$tmp/client.out" 2>"$tmp/client.err"
served host 0 1
served peer 0 1
stop host
stop peer
echo "$((SECONDS - start)) s"
judge host connect.0=1 connect.1=1 connect.2=4 serve.0=2 serve.1=4
judge client connect.0=1 connect.1=1 connect.2=4
judge peer serve.0=2 serve.1=4
no_stall host "$stall_ms"
if [ "$kind" = bad ]; then
	stop relay
	[ "$(counter host retransmit)" -gt 0 ] || fail "nothing was retransmitted: $(cat "$tmp/relay.out")"
fi
echo ok
