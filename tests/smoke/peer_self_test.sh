#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The test peer against itself over the kernel's TCP, no router: what it finds wrong in other tests must not be its own fault.
# Every command, size and address family, directly and through the relay; each scenario switch does what its name says.
. "$(dirname "$0")/_init.sh"
. "$(dirname "$0")/_router.sh"
smoke_begin self
netns_add a
netns_add b
netns_add x
veth_add a a0 b b0 9000
veth_add a a1 x xa
veth_add b b1 x xb
addr_add a a0 10.0.0.2/24 fd00:0::2/64
addr_add b b0 10.0.0.3/24 fd00:0::3/64
addr_add a a1 10.0.1.2/24 fd00:1::2/64
addr_add b b1 10.0.1.3/24 fd00:1::3/64
for i in xa xb; do
	in_ns x sysctl -q -w "net.ipv6.conf.$i.disable_ipv6=1"
	in_ns x ip link set "$i" arp off promisc on
done

serve() {
	local name=$1
	shift
	peer "$name" b "$@" serve
}
# a counter of the last command, of the relay, or of a server that has ended
counter() {
	json "$tmp/$1" "counters.$2"
}
at_least() {
	[ "$2" -ge "$3" ] || fail "$1: $2, at least $3 were expected"
}

# every command between one pair of NIDs; puts and gets are counted at both ends
commands() {
	local me=$1 it=$2 count=$3 size puts=0
	shift 3
	serve srv --nid "$it" --zc
	run_peer a --nid "$me" "$@" ping "$it" 5
	run_peer a --nid "$me" "$@" push "$it" 5
	for size in 0 4K 1M; do
		run_peer a --nid "$me" "$@" --size "$size" --count "$count" --window 4 put "$it"
		run_peer a --nid "$me" "$@" --size "$size" --count "$count" --window 4 --no-ack put "$it"
		run_peer a --nid "$me" "$@" --size "$size" --count "$count" --window 4 get "$it"
		run_peer a --nid "$me" "$@" --size "$size" --count "$count" --window 4 --zc --conns-per-peer 3 both "$it"
		puts=$((puts + 3 * count))
	done
	stop srv || fail "the server saw something wrong"
	expect "PUTs that arrived" "$(counter srv.out puts_received)" "$puts"
	expect "GETs that were answered" "$(counter srv.out gets_answered)" "$((puts / 3 * 2))"
	expect "zero-copy requests of the server" "$(counter srv.out zc_acks_received)" "$((2 * count))"
	expect "zero-copy requests to the server" "$(counter srv.out zc_acks_sent)" "$count"
	expect "missing messages" "$(counter srv.out missing)" 0
}

commands 10.0.0.2@tcp 10.0.0.3@tcp 40
commands fd00:0::2@tcp fd00:0::3@tcp 40

seed=${SEED:-$RANDOM}
echo "seed $seed"
spawn relay x "$lnet_relay" --a xa --b xb --seed "$seed" --loss 0.01 --dup 0.01 --reorder 0.01 --corrupt 0.01
wait_text 10 relay.err forwarding
commands 10.0.1.2@tcp 10.0.1.3@tcp 4 --timeout 300
commands fd00:1::2@tcp fd00:1::3@tcp 4 --timeout 300
stop relay || fail "the relay failed"
for what in lost duplicated reordered corrupted; do
	for side in a b; do at_least "frames $what" "$(json "$tmp/relay.out" "$side.$what")" 1; done
done

# a delay is seen in the latency; nothing else touches the frames
spawn relay x "$lnet_relay" --a xa --b xb --seed 1 --delay-us 20000 --jitter-us 5000 --rate-mbit 100 --queue-kb 2048
wait_text 10 relay.err forwarding
serve srv --nid 10.0.1.3@tcp
run_peer a --nid 10.0.1.2@tcp ping 10.0.1.3@tcp 5
at_least "microseconds of a delayed ping" "$(json "$tmp/run.json" loads.0.latency_us.median | cut -d. -f1)" 40000
run_peer a --nid 10.0.1.2@tcp --size 1M --count 4 --window 4 put 10.0.1.3@tcp
at_least "milliseconds of 4 MiB at 100 Mb/s" "$(json "$tmp/run.json" loads.0.seconds | awk '{print int($1 * 1000)}')" 300
# done long before the other two connections are: it does not leave a HELLO behind
run_peer a --nid 10.0.1.2@tcp ping 10.0.1.3@tcp 1
expect "connections of a node that leaves early" "$(counter run.json conns_dialled)" 3
# another life begins while the last connection of the one before is dialled
for i in 4 5; do
	run_peer a --nid 10.0.1.2@tcp --new-incarnation ping 10.0.1.3@tcp "$i"
	at_least "HELLO of a new life behind a delay" "$(counter run.json dials_denied)" 1
done
stop srv || fail "the server saw something wrong behind a delay"
stop relay || fail "the relay failed"
for side in a b; do expect "frames lost by a relay that loses none" "$(json "$tmp/relay.out" "$side.lost")" 0; done

# HELLO versions, checksums, byte order, pieces
me=(--nid 10.0.0.2@tcp)
it=10.0.0.3@tcp
serve srv --nid "$it" --keepalive 1
run_peer a "${me[@]}" --hello-version 2 --checksum --zc --size 64K --count 20 --window 8 both "$it"
run_peer a "${me[@]}" --hello-version 4 --zc --size 64K --count 20 --window 8 both "$it"
run_peer a "${me[@]}" --big-endian --zc --size 64K --count 20 --window 8 both "$it"
run_peer a "${me[@]}" --split 7 --size 4K --count 10 --window 2 both "$it"
run_peer a "${me[@]}" --zc-before-bulk-in --size 64K --count 4 --window 2 put "$it"
expect "early zero-copy requests" "$(counter run.json zc_acks_received)" 4
expect "connections after them" "$(counter run.json conns_dialled)" 3
# larger sets are asked for than the other end takes: one refusal is enough to know
run_peer a "${me[@]}" --conns-per-peer 2 --linger 1 --size 64K --count 4 both "$it"
expect "connections that both ends want" "$(counter run.json conns_dialled)" 3
at_least "dials denied" "$(counter run.json dials_denied)" 1
# another life of the same node: refused, old connections closed, then accepted
run_peer a "${me[@]}" --new-incarnation ping "$it"
expect "HELLO of a new life" "$(counter run.json dials_denied)" 1
expect "loads of two lives" "$(json "$tmp/run.json" loads.1.completed)" 1
# a message that never ends, then one that ends with its connection: repeated and complete
run_peer a "${me[@]}" --stop-mid-message=close --retry 5 --size 64K --count 4 --window 2 put "$it"
at_least "repeated operations" "$(json "$tmp/run.json" loads.0.retried)" 1
run_peer a "${me[@]}" --await-keepalive ping "$it"
stop srv || fail "the server saw something wrong"
expect "new life" "$(counter srv.out accepts_stale)" 1
at_least "connections that ended inside a message" "$(counter srv.out closed_inside_message)" 1

# both ends dial at once; either the higher NID wins or they missed each other
for end in a:2:3 b:3:2; do
	IFS=: read -r ns mine other <<<"$end"
	peer "race_$ns" "$ns" --nid "10.0.0.$mine@tcp" --conns-per-peer 2 --linger 3 --retry 40 --size 64K --count 40 \
		--window 4 both "10.0.0.$other@tcp"
done
for ns in a b; do
	wait "${smoke_pids[race_$ns]}" || fail "two nodes that dial each other"
	unset "smoke_pids[race_$ns]"
	expect "connections of a race" \
		"$(($(counter "race_$ns.out" conns_dialled) + $(counter "race_$ns.out" conns_accepted)))" 5
done

# a server that stops reading, one that resets behind its HELLO, one that never answers, one whose clock is short
serve srv --nid "$it" --pause-reads 3 --rcvbuf 65536 --lnd-timeout 3
run_peer a "${me[@]}" --size 1M --count 8 --window 8 put "$it"
at_least "milliseconds without progress" "$(json "$tmp/run.json" loads.0.longest_gap_ms | cut -d. -f1)" 2000
run_peer a "${me[@]}" --stop-mid-message=hold --retry 5 --size 64K --count 2 --window 2 put "$it"
at_least "seconds until a half message was given up" \
	"$(json "$tmp/run.json" stop_mid_message.closed_after_seconds | cut -d. -f1)" 2
stop srv || fail "the server that paused saw something wrong"
at_least "bytes that waited for the reader" "$(json "$tmp/srv.out" pause.unread)" 1024
expect "half messages given up" "$(counter srv.out closed_rx_timeout)" 1

for how in deny accept; do
	serve srv --nid "$it" --rst-after-hello="$how"
	run_peer a "${me[@]}" --retry 40 ping "$it"
	# a refusal in front of the reset is read as one
	expect "refusals ($how)" "$(counter run.json dials_denied)" "$([ "$how" = deny ] && echo 1 || echo 0)"
	stop srv || fail "the server that reset saw something wrong"
done
run_silent() {
	in_ns a "$lnet_peer" "${me[@]}" --lnd-timeout 2 --timeout 10 ping "$it" >"$tmp/run.json" 2>"$tmp/run.err"
}
serve srv --nid "$it" --silent-acceptor
if run_silent; then fail "a ping of a silent acceptor succeeds"; fi
expect "handshakes given up" "$(counter run.json hello_timeouts)" 1
stop srv || fail "the silent server saw something wrong"

# probes: the peer answers as a real node does, and knows what to expect
serve srv --nid "$it" --accept-timeout 2
for what in version5 garbage-connreq garbage-hello connreq-version3 wrong-nid silent unprivileged; do
	run_peer a "${me[@]}" --probe "$what" probe "$it"
done
run_peer a "${me[@]}" --version5 --big-endian probe "$it"
stop srv || fail "the probed server saw something wrong"
# garbage behind a good handshake is a fault that the server reports
serve srv --nid "$it"
run_peer a "${me[@]}" --garbage=message probe "$it"
if stop srv; then fail "a server that was sent garbage found nothing wrong"; fi
expect "protocol errors" "$(counter srv.out closed_protocol)" 1
echo "ok"
