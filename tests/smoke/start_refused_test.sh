#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A start that cannot work says what is wrong and what is allowed, exits non-zero, and leaves nothing.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin norun
netns_add r

refuses() {
	local what=$1 cores=$2 status=0
	shift 2
	in_ns r "$lnet_router" --no-huge -m 128 --no-pci --file-prefix "$prefix" --lcores "$cores" --log-level=lib.eal:error \
		--vdev net_null0 -- "$@" >"$tmp/refused.out" 2>&1 || status=$?
	[ "$status" -ne 0 ] || fail "started: $*"
	[ "$status" -lt 128 ] || fail "died of a signal ($status): $*"
	grep -qF -- "$what" "$tmp/refused.out" || {
		cat "$tmp/refused.out" >&2
		fail "'$what' is not said for: $*"
	}
}

port=name=p0,port=net_null0,ip=10.0.0.1/24
small=(--small_router_buffers 64 --tiny_router_buffers 64 --large_router_buffers 4 --max_conns 32 --max_peers 16
	--reorder_mib 1 --sent_mib 1 --local_mib 1)
refuses "--tos '900'" 0@0,1@0 --tos 900
refuses "no_such_port" 0@0,1@0 --interface name=p0,port=no_such_port,ip=10.0.0.1/24 "${small[@]}"
refuses "ip" 0@0,1@0 --interface name=p0,port=net_null0,ip=10.0.0.1/99
refuses "unknown network 'foo'" 0@0,1@0 --interface "$port" --networks 'foo(p0)' "${small[@]}"
refuses "worker lcores" 0@0 --interface "$port" "${small[@]}"
refuses "packet buffers" 0@0,1@0 --interface "$port" --large_router_buffers 4096
refuses "packet buffers" 0@0,1@0 --interface "$port" "${small[@]}" --mbufs 500
refuses "start of parameters failed: routes: '300': hops (1 to 255) or a gateway" 0@0,1@0 --interface "$port" \
	--networks 'tcp(p0)' --routes 'o2ib 300 10.0.0.9@tcp' "${small[@]}"
refuses "configure failed: route tcp 10.0.0.9@tcp: invalid settings" 0@0,1@0 --interface "$port" \
	--networks 'tcp(p0)' --routes 'tcp 10.0.0.9@tcp' --config_on_load 1 "${small[@]}"
refuses "configure failed: network o2ib(p0): LND type not supported" 0@0,1@0 --interface "$port" \
	--networks 'o2ib(p0)' --config_on_load 1 "${small[@]}"
refuses "network tcp(p9): interface 'p9'" 0@0,1@0 --interface "$port" --networks 'tcp(p9)' --config_on_load 1 "${small[@]}"
refuses "unknown option" 0@0,1@0 --nonsense 1
[ "$("$lnet_router" --version | wc -l)" -eq 1 ] || fail "--version"
"$lnet_router" -- --help | grep peer_credits >/dev/null || fail "--help"
echo "ok"
