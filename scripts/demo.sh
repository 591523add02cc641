#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Set up and show the router doing its job on a bare Debian 12 machine, as root: three nodes in network namespaces,
#
#	A 10.0.0.2@tcp ----- 10.0.0.1@tcp  router  10.0.1.1@tcp1 ----- 10.0.1.2@tcp1 B
#
# A ping with lnetctl from A to B, 1 MiB messages both ways with every byte checked, the router's counters, a refused release,
# unconfigure, release. Leaves nothing behind but installed packages and build/.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh
need_root
scripts/deps.sh build demo
before=$(state_of_machine)

echo "== build"
[ -f build/build.ninja ] || meson setup build >/dev/null
ninja -C build --quiet app/router/lnet-router app/ctl/lnetctl app/ctl/lctl app/ctl/lustre_rmmod tests/peer/lnet-peer tests/peer/lnet-relay

# In a shell of its own: its clean-up runs before the machine is compared.
demo() (
	BUILD=$PWD/build
	. tests/smoke/_init.sh
	. tests/smoke/_router.sh
	smoke_begin demo

	# What a reader types, and what it prints.
	show() {
		echo
		echo "$1 \$ ${*:2}"
		shift
		ctl "$@"
	}
	on() {
		local LNET_ROUTER_PREFIX=$1
		echo
		echo "$2 \$ ${*:3}"
		LNET_ROUTER_PREFIX=$1 "$BUILD/app/ctl/$3" "${@:4}"
	}

	echo "== three nodes"
	three_nodes
	in_ns a ip addr del 10.0.0.2/24 dev a0
	addr_add a a0 10.0.0.3/24
	in_ns a ip link set a0 promisc on
	router_start
	echo "router: lnet-router EAL-OPTIONS -- --networks 'tcp0(p0),tcp1(p1)' --forwarding enabled"
	sed -n '/router: loaded/p;/HW CPU cores/p' "$tmp/router.err"

	show router lctl network up
	show router lctl list_nids

	# B serves on Linux's own TCP; A is an LNet node like the router, without forwarding
	peer b b "${node_b[@]}" serve
	spawn node_a a "$lnet_router" --no-huge -m 128 --no-pci --file-prefix "$prefix-a" --lcores 0@0,1@0 \
		--log-level=lib.eal:error --vdev "net_af_packet0,iface=a0,$(port_args)" -- \
		--interface name=p0,port=net_af_packet0,ip=10.0.0.2/24 --networks 'tcp(p0)' --routes 'tcp1 10.0.0.1@tcp' \
		--forwarding disabled --config_on_load 1 --idle sleep --tiny_router_buffers 64 --small_router_buffers 64 \
		--large_router_buffers 4 --max_conns 32 --max_peers 32 --reorder_mib 2 --sent_mib 2
	wait_for 30 "node A" env "LNET_ROUTER_PREFIX=$prefix-a" "$BUILD/app/ctl/lctl" list_nids
	wait_for 30 "a first ping" env "LNET_ROUTER_PREFIX=$prefix-a" "$BUILD/app/ctl/lnetctl" ping --timeout 5 10.0.1.2@tcp1
	on "$prefix-a" "A     " lnetctl ping 10.0.1.2@tcp1
	on "$prefix-a" "A     " lnetctl route show -v

	echo
	echo "== 64 PUTs and 64 GETs of 1 MiB from 10.0.0.3@tcp through the router to B, every byte checked"
	run_peer a --nid 10.0.0.3@tcp --route tcp1=10.0.0.1@tcp --size 1M --count 64 --window 8 both 10.0.1.2@tcp1
	python3 - "$tmp/run.json" <<'PY'
import json, sys
r = json.loads([l for l in open(sys.argv[1]) if l.startswith('{')][-1])
for l in r['loads']:
    print('%s: %d of %d messages of %d bytes complete, %d failed, %.0f MB/s, median %.1f ms' %
          (l['kind'].upper(), l['completed'], l['issued'], l['size'], l['failed'], l['mb_per_s'], l['latency_us']['median'] / 1000))
c = r['counters']
print('payload bytes wrong: %d, messages twice: %d, lost: %d' %
      (c['payload_corrupt'], c['duplicate_requests'] + c['duplicate_answers'], c['missing']))
PY

	echo
	echo "== the router's counters"
	show router lnetctl stats show
	show router lnetctl net show
	show router lnetctl port list

	echo
	echo "== release is refused while LNet is configured"
	show router lustre_rmmod || echo "(exit code $?)"
	on "$prefix-a" "A     " lnetctl ping 10.0.1.2@tcp1

	echo
	echo "== unconfigure, release"
	show router lctl network down
	show router lustre_rmmod
	router_wait
	echo "(exit code 0, the ports are free)"

	# A was told to stay while configured; it goes the same way
	LNET_ROUTER_PREFIX=$prefix-a "$BUILD/app/ctl/lctl" network down >/dev/null
	LNET_ROUTER_PREFIX=$prefix-a "$BUILD/app/ctl/lustre_rmmod"
	stop b >/dev/null || fail "B saw something wrong: $(cat "$tmp/b.out")"
)

demo
compare_state "$before"
echo
echo "demo: everything worked, nothing is left behind"
