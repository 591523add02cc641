# SPDX-License-Identifier: BSD-3-Clause
# Sourced behind _init.sh: the real router between two namespaces, on af_packet ports.
#
#	three_nodes [MTU]		namespaces a, r, b; a is 10.0.0.2 and fd00:0::2, b is 10.0.1.2 and fd00:1::2
#	router_start [OPTION...]	the router in r on both links: interfaces p0 (10.0.0.1, fd00:0::1) and p1; loaded
#	ctl TOOL ARG...			lctl, lnetctl or lustre_rmmod on it
#	router_up			lctl network up
#	router_release			down, release; the process has to end with 0
#	router_kill			SIGKILL
#	peer NAME NS OPTION... CMD	lnet-peer in the background; one that serves is ready
#	run_peer NS OPTION... CMD	in the foreground, JSON to $tmp/run.json
: "${BUILD:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build}"
lnet_router=$BUILD/app/router/lnet-router
lnet_peer=$BUILD/tests/peer/lnet-peer
lnet_relay=$BUILD/tests/peer/lnet-relay
mtu=1500
router_cores=${ROUTER_CORES:-0@0,1@1}

three_nodes() {
	mtu=${1:-1500}
	netns_add a
	netns_add r
	netns_add b
	veth_add a a0 r r0 "$mtu"
	veth_add b b0 r r1 "$mtu"
	addr_add a a0 10.0.0.2/24 fd00:0::2/64
	addr_add b b0 10.0.1.2/24 fd00:1::2/64
	router_links r0 r1
}

# The router's ends: frames reach it alone.
router_links() {
	local i
	for i in "$@"; do
		in_ns r sysctl -q -w "net.ipv6.conf.$i.disable_ipv6=1"
		in_ns r ip link set "$i" arp off promisc on
	done
}

# What the af_packet driver needs for an MTU: a frame lies in one slot of its ring and in one mbuf.
port_args() {
	if [ "$mtu" -gt 1500 ]; then
		echo "qdisc_bypass=1,blocksz=36864,framesz=9216,framecnt=1024"
	else
		echo "qdisc_bypass=1,blocksz=4096,framesz=2048,framecnt=4096"
	fi
}

router_start() {
	local room=2048
	[ "$mtu" -gt 1500 ] && room=9216
	spawn router r "$lnet_router" --no-huge -m "${ROUTER_MB:-512}" --no-pci --file-prefix "$prefix" \
		--lcores "$router_cores" --log-level=lib.eal:error \
		--vdev "net_af_packet0,iface=r0,$(port_args)" --vdev "net_af_packet1,iface=r1,$(port_args)" -- \
		--interface "name=p0,port=net_af_packet0,ip=10.0.0.1/24,ip=fd00:0::1/64,mtu=$mtu" \
		--interface "name=p1,port=net_af_packet1,ip=10.0.1.1/24,ip=fd00:1::1/64,mtu=$mtu" \
		--networks "${ROUTER_NETWORKS:-tcp0(p0),tcp1(p1)}" --forwarding enabled --idle sleep \
		--tiny_router_buffers 512 --small_router_buffers 512 --large_router_buffers 32 \
		--max_conns 256 --max_peers 256 --mbuf_room "$room" "$@"
	export LNET_ROUTER_PREFIX=$prefix
	wait_for 30 "the router's answer" router_answers
}

router_answers() {
	is_running router || fail "the router has ended"
	ctl lnetctl debug info
}

ctl() {
	local tool=$1
	shift
	LNET_ROUTER_PREFIX=$prefix "$BUILD/app/ctl/$tool" "$@"
}

router_up() {
	expect "lctl network up" "$(ctl lctl network up)" "LNET configured: New Created"
}

router_release() {
	expect "lctl network down" "$(ctl lctl network down)" "LNET ready to unload"
	expect "lustre_rmmod" "$(ctl lustre_rmmod)" ""
	router_wait
}

# The router's own exit status tells whether every pool and credit was back.
router_wait() {
	local status=0
	wait "${smoke_pids[router]}" || status=$?
	unset "smoke_pids[router]"
	expect "exit status of the router" "$status" 0
}

router_kill() {
	kill -KILL "${smoke_pids[router]}"
	wait "${smoke_pids[router]}" || true
	unset "smoke_pids[router]"
}

peer() {
	local name=$1 ns=$2
	shift 2
	spawn "$name" "$ns" "$lnet_peer" "$@"
	# whoever is dialled before it listens refuses, and a message on its way to it is lost
	if [ "${!#}" = serve ]; then wait_text 60 "$name.err" serving; fi
}

run_peer() {
	local ns=$1
	shift
	in_ns "$ns" "$lnet_peer" "$@" >"$tmp/run.json" 2>"$tmp/run.err" ||
		{
			cat "$tmp/run.json" "$tmp/run.err" >&2
			fail "lnet-peer $*"
		}
}

# A and B as the tests name them, with a gateway each way.
node_a=(--nid 10.0.0.2@tcp --route tcp1=10.0.0.1@tcp)
node_b=(--nid 10.0.1.2@tcp1 --route tcp=10.0.1.1@tcp1)
