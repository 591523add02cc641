#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The operator's tools against a running router: exit codes, shapes, insight into ports.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin tools
three_nodes
router_start --config_on_load 1
peer b b "${node_b[@]}" serve
wait_for 30 "a ping" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1

code() {
	local status=0
	"$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	echo "$status"
}
# as YAML: keys and nesting are the reference's
yaml_keys() {
	sed -E 's/: .*/:/; s/^( *)-/\1-/' "$1"
}

# what is missing or junk is refused with the tools' exit codes
expect "unknown command" "$(code ctl lnetctl nonsense)" 255
expect "group without a command" "$(code ctl lnetctl net)" 234
expect "help of a command" "$(code ctl lnetctl net show --help)" 1
expect "route add without gateway" "$(code ctl lnetctl route add --net o2ib)" 234
grep -q "missing mandatory parameters" "$tmp/out" || fail "route add: $(cat "$tmp/out")"
expect "set junk" "$(code ctl lnetctl set retry_count x)" 255
expect "set out of range" "$(code ctl lnetctl set health_sensitivity 2000)" 195
expect "net add on a missing interface" "$(code ctl lnetctl net add --net tcp9 --if p9)" 234
grep -q 'descr: ! "cannot add LNet NI"' "$tmp/err" || fail "net add: $(cat "$tmp/err")"
expect "net add twice" "$(code ctl lnetctl net add --net tcp --if p0)" 234
expect "duplicate route" "$(ctl lnetctl route add --net o2ib --gateway 10.0.0.9@tcp; code ctl lnetctl route add --net o2ib --gateway 10.0.0.9@tcp)" 234
ctl lnetctl route show -v | grep "gateway: 10.0.0.9@tcp" >/dev/null || fail "route show"
expect "route del" "$(code ctl lnetctl route del --net o2ib --gateway 10.0.0.9@tcp)" 0
expect "no routes" "$(ctl lnetctl route show)" ""
expect "lctl ping junk" "$(code ctl lctl ping junk@)" 22
expect "which_nid" "$(ctl lctl which_nid 10.0.5.5@tcp7 10.0.1.2@tcp1)" "10.0.1.2@tcp1"

# ping: success and failure in one document, exit 255
ctl lnetctl ping 10.0.1.2@tcp1 >"$tmp/ping"
grep -q "^- primary nid: 10.0.1.2@tcp1" "$tmp/ping" || fail "ping: $(cat "$tmp/ping")"
expect "ping of nobody" "$(code ctl lnetctl ping --timeout 5 10.0.1.2@tcp1 10.0.1.77@tcp1)" 255
grep -q "^manage:" "$tmp/out" || fail "ping of nobody: $(cat "$tmp/out")"
expect "own loopback" "$(ctl lctl ping 0@lo | head -1)" "12345-0@lo"
expect "own NID" "$(code ctl lctl ping 10.0.0.1@tcp)" 0

# show: the reference's keys in the reference's order
ctl lnetctl net show -v 4 >"$tmp/net"
python3 - "$tmp/net" <<'PY' || fail "net show -v 4: $(cat "$tmp/net")"
import re, sys
lines = [re.sub(r'^[ -]*', '', l).split(':')[0] for l in open(sys.argv[1])]
want = ('net type,local NI(s),nid,status,interfaces,0,statistics,send_count,recv_count,drop_count,put_egress_samples,'
        'put_egress_min_nsec,put_egress_max_nsec,put_egress_avg_nsec,get_rtt_samples,get_rtt_min_nsec,get_rtt_max_nsec,'
        'get_rtt_avg_nsec,put_ack_samples,put_ack_min_nsec,put_ack_max_nsec,put_ack_avg_nsec,udsp info,net priority,'
        'nid priority,sent_stats,put,get,reply,ack,hello,received_stats,put,get,reply,ack,hello,dropped_stats,put,get,reply,'
        'ack,hello,health stats,fatal_error,health value,interrupts,dropped,aborted,no route,timeouts,error,ping_count,'
        'next_ping,tunables,peer_timeout,peer_credits,peer_buffer_credits,credits,lnd tunables,conns_per_peer,timeout,tos,'
        'dev cpt,CPT').split(',')
at = lines.index('net type', 2)
got = lines[at:at + len(want)]
sys.exit(0 if got == want else print(got))
PY
ctl lnetctl routing show | grep "enable: 1" >/dev/null || fail "routing show"
ctl lnetctl global show | grep "lnd_timeout: 49" >/dev/null || fail "global show"
ctl lnetctl peer show -v 2 | grep "available_rtr_credits" >/dev/null || fail "peer show"
ctl lnetctl export --backup >"$tmp/backup"
grep -q "^buffers:" "$tmp/backup" || fail "export: $(cat "$tmp/backup")"
expect "conn_list" "$(ctl lctl --net tcp1 conn_list | grep -c 10.0.1.2)" 3
printf 'network tcp1\nconn_list\n' | ctl lctl | grep "10.0.1.2" >/dev/null || fail "commands on stdin"
expect "stats reset" "$(code ctl lnetctl stats reset)" 0

# JSON everywhere, and DPDK's own client
ctl lnetctl --json stats show | python3 -c 'import json, sys; json.load(sys.stdin)["route_count"]'
if command -v dpdk-telemetry.py >/dev/null; then
	echo /app/info | dpdk-telemetry.py -f "$prefix" | grep configured >/dev/null || fail "dpdk-telemetry.py"
fi

# ports: what replaces ip, ethtool, ping, tcpdump
ctl lnetctl port list | grep net_af_packet0 >/dev/null || fail "port list"
ctl lnetctl port show net_af_packet0 | grep ipackets >/dev/null || fail "port show"
ctl lnetctl port ping --count 3 p0 10.0.0.2 >"$tmp/icmp" || fail "port ping: $(cat "$tmp/icmp")"
grep -q "received: 3" "$tmp/icmp" || fail "port ping: $(cat "$tmp/icmp")"
expect "port ping of nobody" "$(code ctl lnetctl port ping --count 1 p0 10.0.0.77 | sed 's/^0$/zero/')" "$(cat <<<146)"
ctl lnetctl port neigh | grep 10.0.0.2 >/dev/null || fail "neighbours"
in_ns a ping -c 2 -W 5 10.0.0.1 >/dev/null || fail "the router does not answer Linux's ping"
in_ns a ping -6 -c 2 -W 5 fd00:0::1 >/dev/null || fail "the router does not answer Linux's ping over IPv6"
ctl lnetctl debug memory | grep routed_large >/dev/null || fail "debug memory"
ctl lnetctl --json debug workers | python3 -c '
import json, sys
for w in json.load(sys.stdin)["data"].values():
    if abs(w["busy_cycles"] + w["idle_cycles"] - w["elapsed_cycles"]) > w["elapsed_cycles"] / 100:
        sys.exit("busy and idle cycles are not the elapsed ones: %s" % w)'
stop b
router_release
echo "ok"
