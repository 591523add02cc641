#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The tools say what the tools of real nodes said, line by line (tests/golden).
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin golden
golden=$(cd "$(dirname "$0")/../golden" && pwd)
netns_add a
netns_add r
netns_add b
veth_add a a0 r r0
veth_add b b0 r r1
addr_add a a0 10.10.0.1/24
addr_add b b0 10.10.1.2/24
router_links r0 r1

# The nodes of the recordings have their addresses, and their names of interfaces.
start() {
	spawn router r "$lnet_router" --no-huge -m 256 --no-pci --file-prefix "$prefix" --lcores "$router_cores" \
		--log-level=lib.eal:error --vdev "net_af_packet0,iface=r0,$(port_args)" \
		--vdev "net_af_packet1,iface=r1,$(port_args)" -- --tiny_router_buffers 512 --small_router_buffers 512 \
		--large_router_buffers 16 --max_conns 64 --max_peers 64 --conns_per_peer 1 --idle sleep "$@"
	export LNET_ROUTER_PREFIX=$prefix
	wait_for 30 "the router's answer" router_answers
}
compare() {
	PATH=$BUILD/app/ctl:$PATH python3 "$golden/compare.py" "$golden/$1" >"$tmp/diff" || {
		cat "$tmp/diff" >&2
		fail "the tools differ from $1"
	}
	tail -n 1 "$tmp/diff"
}
end_node=(--interface name=eth0,port=net_af_packet0,ip=10.10.0.1/24 --networks "tcp(eth0)" --forwarding disabled)

in_ns a ip addr del 10.10.0.1/24 dev a0
start "${end_node[@]}"
compare network.txt
router_release
start "${end_node[@]}" --config_on_load 1
compare errors.txt
router_release
in_ns a ip addr add 10.10.0.3/24 dev a0
peer c a --nid 10.10.0.3@tcp serve
start "${end_node[@]}" --config_on_load 1
compare ping.txt
stop c || fail "c saw something wrong"
router_release

in_ns a ip addr add 10.10.0.1/24 dev a0
start --interface name=eth0,port=net_af_packet0,ip=10.10.0.254/24 \
	--interface name=eth1,port=net_af_packet1,ip=10.10.1.254/24 --networks "tcp(eth0),tcp1(eth1)" \
	--forwarding enabled --config_on_load 1
peer b b --nid 10.10.1.2@tcp1 --route tcp=10.10.1.254@tcp1 serve
# A has dialled, as recorded, and stays
peer a a --nid 10.10.0.1@tcp --route tcp1=10.10.0.254@tcp --linger 600 --timeout 900 ping 10.10.1.2@tcp1
answered() {
	[ "$(ctl lnetctl stats show | awk '/^ *route_count/ {print $2}')" -ge 2 ]
}
wait_for 30 "a ping and its answer" answered
compare router.txt
stop a || true
stop b || fail "b saw something wrong"
router_release
echo "ok"
