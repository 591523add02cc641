#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# An independent reader of the wire: tshark's lnet dissector decodes what the router sends, from the router's own capture and
# from the link.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin shark
command -v tshark >/dev/null || skip "tshark is not installed"
three_nodes
router_start --config_on_load 1
peer b b "${node_b[@]}" serve
ctl lnetctl port capture start net_af_packet1 "$tmp/router.pcapng" || fail "capture start"
spawn shark b tshark -q -i b0 -w "$tmp/link.pcapng"
# what it says comes before the link is open; its file begins after
wait_for 30 "tshark's file" test -s "$tmp/link.pcapng"
wait_for 30 "a ping" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
run_peer a "${node_a[@]}" --size 4K --count 2 --window 1 both 10.0.1.2@tcp1
ctl lnetctl port capture stop >"$tmp/capture"
sees() {
	tshark -r "$tmp/$1" -d tcp.port==988,lnet -Y "$2" 2>/dev/null | grep -c . || true
}
# The router's own messages and those it forwards: PUT and GET go to B, ACK and REPLY of B's go to A.
all_types() {
	local t
	for t in 1 2; do
		[ "$(sees "$1" "lnet.msg_type == $t && ip.src == 10.0.1.1")" -gt 0 ] || return 1
	done
	for t in 0 3; do
		[ "$(sees "$1" "lnet.msg_type == $t && ip.dst == 10.0.1.1")" -gt 0 ] || return 1
	done
}
# frames lie in the kernel's ring for a while before tshark writes them
grown() {
	[ "$(stat -c %s "$tmp/link.pcapng")" -gt 20000 ]
}
wait_for 30 "the capture of the link" grown
stop shark INT || true
for f in router.pcapng link.pcapng; do
	all_types "$f" || fail "tshark does not decode our messages in $f"
	expect "bad checksums in $f" "$(tshark -r "$tmp/$f" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE \
		-Y 'ip.src == 10.0.1.1 && (tcp.checksum.status == "Bad" || ip.checksum.status == "Bad")' 2>/dev/null | wc -l)" 0
	expect "suspicious segments in $f" "$(tshark -r "$tmp/$f" -Y 'ip.src == 10.0.1.1 && (tcp.analysis.retransmission || tcp.analysis.zero_window)' \
		2>/dev/null | wc -l)" 0
done
stop b
router_release
echo "ok"
