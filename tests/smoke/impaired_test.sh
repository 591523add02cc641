#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Through relays that lose, duplicate, reorder, delay and corrupt frames on both legs: every message arrives once, whole.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin bad
mtu=1500
for ns in a r b x; do netns_add "$ns"; done
veth_add a a0 x xa
veth_add x xr0 r r0
veth_add b b0 x xb
veth_add x xr1 r r1
addr_add a a0 10.0.0.2/24
addr_add b b0 10.0.1.2/24
router_links r0 r1
for i in xa xb xr0 xr1; do
	in_ns x sysctl -q -w "net.ipv6.conf.$i.disable_ipv6=1"
	in_ns x ip link set "$i" arp off promisc on
done
seed=${SEED:-$RANDOM}
echo "seed $seed"
bad=(--loss 0.01 --dup 0.01 --reorder 0.01 --corrupt 0.002 --delay-us 200 --jitter-us 300)
spawn relay_a x "$lnet_relay" --a xa --b xr0 --seed "$seed" "${bad[@]}"
spawn relay_b x "$lnet_relay" --a xb --b xr1 --seed "$((seed + 1))" "${bad[@]}"

router_start --config_on_load 1
peer b b "${node_b[@]}" serve
wait_for 60 "a ping through all this" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
for size in 0 4K 1M; do
	run_peer a "${node_a[@]}" --timeout 300 --op-timeout 120 --size "$size" --count 24 --window 4 both 10.0.1.2@tcp1
done
stop b || fail "b saw something wrong"
stop relay_a || true
stop relay_b || true
for r in relay_a relay_b; do cat "$tmp/$r.out"; done

ctl lnetctl debug drops >"$tmp/drops"
[ "$(awk '/retransmit|rexmit|rtx/ {n += $2} END {print n + 0}' "$tmp/drops")" -gt 0 ] ||
	fail "nothing was retransmitted: did the relay work? $(cat "$tmp/drops")"
router_release
echo "ok"
