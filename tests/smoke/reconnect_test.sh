#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Named scenarios with Linux's TCP: the router is killed and is back on the same addresses and ports within seconds; a peer
# stops reading for 40 s and for 60 s; RST behind HELLO; zero-copy request before BULK_IN exists; a message that stops in
# the middle; the other sender is never stalled by any of it.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin again
three_nodes
addr_add b b0 10.0.1.3/24
addr_add a a0 10.0.0.3/24
router_start --config_on_load 1
# every program is a node of its own, with its own address
node_c=(--nid 10.0.1.3@tcp1 --route tcp=10.0.1.1@tcp1)
node_d=(--nid 10.0.0.3@tcp --route tcp1=10.0.0.1@tcp)
peer b b "${node_b[@]}" serve
wait_for 30 "a ping" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1

# SIGKILL under load: the peers still hold connections from and to ports 1023.. when the next router dials them
# nine connections from A, as a node on a fast link has them
peer load a "${node_a[@]}" --conns-per-peer 4 --seconds 12 --size 64K --window 4 --retry 50 --op-timeout 3 --timeout 120 put 10.0.1.2@tcp1
sleep_until_routed() {
	[ "$(ctl lnetctl stats show | awk '/^ *route_count/ {print $2}')" -gt 50 ]
}
wait_for 20 "load" sleep_until_routed
router_kill
router_start --config_on_load 1
start=$SECONDS
wait_for 30 "b answers the new router" in_ns a "$lnet_peer" "${node_d[@]}" --timeout 10 \
	ping 10.0.1.2@tcp1
echo "routed again after $((SECONDS - start)) s"
wait "${smoke_pids[load]}" || fail "the load did not survive the restart: $(cat "$tmp/load.out" "$tmp/load.err")"
unset "smoke_pids[load]"
echo "longest silence of the load, with the restart in it: $(json "$tmp/load.out" loads.0.longest_gap_ms) ms"
# what the dead router had taken was sent again, so B saw some twice; nothing else may be wrong
stop b || true
for c in payload_corrupt header_corrupt wrong_destination wrong_from lnet_on_bulk_in unknown_cookie hello_field; do
	expect "$c at b" "$(json "$tmp/b.out" "counters.$c")" 0
done

# hostile and unlucky peers, one after another; after each the router serves a good one
peer b b "${node_b[@]}" serve
good() {
	run_peer a "${node_a[@]}" --timeout 120 --size 64K --count 8 --window 4 both 10.0.1.2@tcp1
}
good
# no stall of a delayed ACK or a retransmission timer in the ordinary course of things: told, not judged, since the machine may be busy
run_peer a "${node_a[@]}" --size 1M --count 64 --window 8 put 10.0.1.2@tcp1
echo "longest silence in 64 MiB: $(json "$tmp/run.json" loads.0.longest_gap_ms) ms (40 = delayed ACK, 200 = RTO)"
for what in version5 garbage-connreq garbage-hello garbage-message connreq-version3 wrong-nid unprivileged silent; do
	in_ns b "$lnet_peer" "${node_c[@]}" --timeout 30 --probe "$what" probe 10.0.1.1@tcp1 >"$tmp/probe.json" 2>&1 ||
		fail "probe $what: $(cat "$tmp/probe.json")"
	good
done
# C answers our HELLO and resets at once: what it said is read first
for how in deny accept; do
	peer c b "${node_c[@]}" --rst-after-hello="$how" serve
	in_ns a "$lnet_peer" "${node_d[@]}" --retry 5 --op-timeout 5 --timeout 60 ping 10.0.1.3@tcp1 >"$tmp/rst.json" 2>&1 ||
		fail "a ping of a node that resets once ($how): $(cat "$tmp/rst.json")"
	stop c || true
	good
done
# a zero-copy request on CONTROL, before the connection for its acknowledgement exists
peer d a "${node_d[@]}" serve
in_ns b "$lnet_peer" "${node_c[@]}" --zc-before-bulk-in --size 64K --count 2 --timeout 60 put 10.0.0.3@tcp >"$tmp/zc.json" 2>&1 ||
	fail "zero-copy request before BULK_IN: $(cat "$tmp/zc.json")"
stop d || fail "node d saw something wrong"
good
in_ns b "$lnet_peer" "${node_c[@]}" --new-incarnation --timeout 60 ping 10.0.1.1@tcp1 >"$tmp/new.json" 2>&1 ||
	fail "new incarnation: $(cat "$tmp/new.json")"
good

# C stops reading for 40 s while A sends to it, and the same for 60 s; B is served at any time meanwhile
for pause in 40 60; do
	peer c b "${node_c[@]}" --rcvbuf 65536 --pause-reads "$pause" --pause-after 200000 serve
	peer slow a "${node_d[@]}" --size 1M --seconds 5 --window 8 --retry 100 --op-timeout 120 \
		--timeout 240 put 10.0.1.3@tcp1
	end=$((SECONDS + pause))
	while [ "$SECONDS" -lt "$end" ]; do good; done
	wait "${smoke_pids[slow]}" || true
	unset "smoke_pids[slow]"
	stop c || true
	good
done
stop b || fail "b saw something wrong"
router_release
echo "ok"
