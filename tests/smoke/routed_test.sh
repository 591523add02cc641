#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Messages of every class through the router, both ways, every byte checked: MTU 1500 and 9000, IPv4 and IPv6, several
# connections per type, zero-copy requests, every HELLO version, the other byte order.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin routed
three_nodes "${1:-1500}"
router_start --config_on_load 1

peer b b "${node_b[@]}" serve
wait_for 30 "a ping through the router" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
run_peer a "${node_a[@]}" ping 10.0.0.1@tcp
run_peer a "${node_a[@]}" push 10.0.0.1@tcp

for size in 0 1 4K 4097 64K 1M; do
	count=64
	[ "$size" = 1M ] && count=24
	run_peer a "${node_a[@]}" --size "$size" --count "$count" --window 8 put 10.0.1.2@tcp1
	run_peer a "${node_a[@]}" --size "$size" --count "$count" --window 8 get 10.0.1.2@tcp1
	run_peer a "${node_a[@]}" --size "$size" --count "$count" --window 8 --no-ack put 10.0.1.2@tcp1
done
run_peer a "${node_a[@]}" --size 256K --count 16 --window 8 --zc both 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --conns-per-peer 4 --size 1M --count 16 --window 8 both 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --hello-version 2 --checksum --size 64K --count 8 --window 4 both 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --hello-version 4 --size 64K --count 8 --window 4 both 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --big-endian --size 64K --count 8 --window 4 both 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --split 7 --size 4K --count 4 --window 2 both 10.0.1.2@tcp1

# counters tell the same story
ctl lnetctl stats show >"$tmp/stats"
[ "$(awk '/^ *route_count/ {print $2}' "$tmp/stats")" -gt 500 ] || fail "route_count: $(cat "$tmp/stats")"
expect "dropped messages" "$(awk '/^ *drop_count/ {print $2}' "$tmp/stats")" 0

stop b || fail "b saw something wrong"
router_release

# the same over IPv6: V4 connections, large NIDs
node_a6=(--nid fd00:0::2@tcp --route tcp1=fd00:0::1@tcp)
node_b6=(--nid fd00:1::2@tcp1 --route tcp=fd00:1::1@tcp1)
router_start --config_on_load 1 --prefer_ipv6 1
peer b6 b "${node_b6[@]}" serve
wait_for 30 "a ping over IPv6" in_ns a "$lnet_peer" "${node_a6[@]}" --timeout 20 ping fd00:1::2@tcp1
for size in 0 4K 1M; do
	run_peer a "${node_a6[@]}" --size "$size" --count 16 --window 8 both fd00:1::2@tcp1
done
stop b6 || fail "b saw something wrong over IPv6"
router_release
echo "ok"
