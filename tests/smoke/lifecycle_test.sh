#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The documented sequence of an operator, line by line: load, up, NIDs, refused release, down, release.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin life
three_nodes

held="Modules still loaded:
socklnd nis=2
lnet configured=1 routing=1
ethdev net_af_packet0 interface=p0 nid=10.0.0.1@tcp
ethdev net_af_packet1 interface=p1 nid=10.0.1.1@tcp1"

refused() {
	local status=0 text
	text=$(ctl lustre_rmmod) || status=$?
	expect "exit status of the refused release" "$status" 1
	expect "what is held" "$text" "$held"
}

router_start
wait_text 10 router.err "npartitions: 1"

# loaded: nothing is configured, a second unconfigure is fine
status=0
ctl lctl list_nids >"$tmp/x" 2>&1 || status=$?
expect "list_nids while down" "$status" 1
grep -q "Network is down" "$tmp/x" || fail "list_nids while down says: $(cat "$tmp/x")"
expect "unconfigure while down" "$(ctl lctl network down)" "LNET ready to unload"
expect "twice" "$(ctl lctl network unconfigure)" "LNET ready to unload"

# configured, twice
router_up
wait_text 10 router.err "Added LNI 10.0.0.1@tcp \[8/256/0/180\]"
wait_text 10 router.err "Added LNI 10.0.1.1@tcp1 \[8/256/0/180\]"
wait_text 10 router.err "Accept secure, port 988"
router_up
expect "list_nids" "$(ctl lctl list_nids)" "10.0.0.1@tcp
10.0.1.1@tcp1"
expect "list_nids all" "$(ctl lctl list_nids all | head -1)" "0@lo"
expect "configure again" "$(ctl lnetctl lnet configure --all; echo $?)" 0

# refused while configured, and routing goes on untouched
peer b b "${node_b[@]}" serve
wait_for 30 "a ping through the router" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
refused
run_peer a "${node_a[@]}" --size 1M --count 8 --window 4 put 10.0.1.2@tcp1
refused
kill -TERM "${smoke_pids[router]}"
wait_text 10 router.err "refused: LNet is configured"
kill -INT "${smoke_pids[router]}"
run_peer a "${node_a[@]}" --size 1M --count 8 --window 4 get 10.0.1.2@tcp1
expect "still there" "$(ctl lctl list_nids | wc -l)" 2

# down, up again, down, release
expect "down" "$(ctl lctl network down)" "LNET ready to unload"
expect "list_nids when down" "$(ctl lctl list_nids 2>/dev/null || true)" ""
router_up
run_peer a "${node_a[@]}" ping 10.0.1.2@tcp1
expect "lnet unconfigure" "$(ctl lnetctl lnet unconfigure; echo $?)" 0
expect "lnet configure without --all" "$(ctl lnetctl lnet configure; ctl lctl list_nids)" ""
ctl lnetctl net add --net tcp --if p0
expect "net add" "$(ctl lctl list_nids)" "10.0.0.1@tcp"
ctl lnetctl net del --net tcp
expect "net del" "$(ctl lctl list_nids)" ""
router_release

# nobody there: released is released
expect "lustre_rmmod again" "$(LNET_ROUTER_PREFIX= ctl lustre_rmmod; echo $?)" 0

# the ports are free: the next one starts on them
router_start --config_on_load 1
wait_for 30 "a ping" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
router_release

# loaded and a signal: it goes
router_start
kill -TERM "${smoke_pids[router]}"
router_wait

# under a service manager SIGTERM drains, unconfigures and releases
export NOTIFY_SOCKET=$tmp/notify
python3 - "$tmp/notify" "$tmp/notified" <<'PY' &
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
with open(sys.argv[2], 'w', buffering=1) as f:
    try:
        while True:
            f.write(s.recv(4096).decode() + '\n')
    except TimeoutError:
        pass
PY
manager=$!
wait_for 10 "the manager's socket" test -S "$tmp/notify"
router_start --config_on_load 1
wait_for 10 "READY=1" grep -q READY=1 "$tmp/notified"
wait_for 30 "a ping" in_ns a "$lnet_peer" "${node_a[@]}" --timeout 20 ping 10.0.1.2@tcp1
kill -TERM "${smoke_pids[router]}"
router_wait
grep -q STOPPING=1 "$tmp/notified" || fail "the manager was not told"
kill "$manager"
wait "$manager" 2>/dev/null || true
unset NOTIFY_SOCKET

stop b
echo "ok"
