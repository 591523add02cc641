#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Three workers on two cores, ports with one queue: packets are handed to their home, messages come in on one worker and
# leave on another, and every cycle of every worker is booked.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin work
router_cores=0@0,1@0,2@1,3@1
three_nodes
# more peers than workers, so that ingress and egress differ for some pair
for i in 3 4 5 6; do
	addr_add a a0 "10.0.0.$i/24"
	addr_add b b0 "10.0.1.$i/24"
done
ROUTER_MB=768 router_start --config_on_load 1
wait_text 10 router.err "npartitions: 3"
for i in 2 3 4 5 6; do
	peer "b$i" b --nid "10.0.1.$i@tcp1" --route tcp=10.0.1.1@tcp1 serve
done
for i in 2 3 4 5 6; do
	wait_for 30 "a ping of node $i" in_ns a "$lnet_peer" --nid "10.0.0.$i@tcp" --route tcp1=10.0.0.1@tcp --timeout 20 \
		ping "10.0.1.$i@tcp1"
done
# all at once
for i in 2 3 4 5 6; do
	peer "a$i" a --nid "10.0.0.$i@tcp" --route tcp1=10.0.0.1@tcp --size 64K --count 200 --window 4 --timeout 120 both "10.0.1.$i@tcp1"
done
for i in 2 3 4 5 6; do
	wait "${smoke_pids[a$i]}" || fail "node a$i: $(cat "$tmp/a$i.out" "$tmp/a$i.err")"
	unset "smoke_pids[a$i]"
done
ctl lnetctl --json debug workers >"$tmp/workers"
python3 - "$tmp/workers" <<'PY' || fail "workers: $(cat "$tmp/workers")"
import json, sys
workers = list(json.load(open(sys.argv[1]))['data'].values())
if len(workers) != 3:
    sys.exit('not three workers')
for w in workers:
    if abs(w['busy_cycles'] + w['idle_cycles'] - w['elapsed_cycles']) > w['elapsed_cycles'] / 100:
        sys.exit('busy and idle cycles are not the elapsed ones: %s' % w)
if sum(w['channel_items'] > 100 for w in workers) < 2 or sum(w['tcp_items'] > 100 for w in workers) < 2:
    sys.exit('the work was not spread: %s' % workers)
PY
expect "dropped messages" "$(ctl lnetctl stats show | awk '/^ *drop_count/ {print $2}')" 0
for i in 2 3 4 5 6; do stop "b$i" || fail "node b$i saw something wrong"; done
router_release
echo "ok"
