#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A peer that writes its own frames (hostile.py) and does in each scenario what no kernel would. Its own streams come whole
# nevertheless, as do those of kernel connections beside it, which nothing holds up; the counters that name what happened have
# moved, and nothing is held at the end.
# Usage: hostile_test.sh [SCENARIO...]
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
smoke_begin tcphost
seed=${SEED:-$RANDOM}
echo "seed $seed"

# the job that serves the connection of a scenario, and what it makes the engine count
declare -A jobs=() counters=()
# scenario NAME JOB [COUNTER...]
scenario() {
	jobs[$1]=$2
	counters[$1]=${*:3}
	names+=("$1")
}
names=()
scenario inject send=0 drop_rst drop_ack tx_challenge
scenario renege send=150K sack_reneged rto
scenario bad_sack send=150K sack_bad
scenario shrink send=150K rto
scenario optimistic send=150K drop_ack
scenario divide send=150K
scenario lost_update send=150K persist
scenario unheard_update pause_at=20K,pause_ms=4000 tx_wnd_repeat
scenario overlap send=0 rx_overlap rx_ooo rx_dup
scenario single_bytes send=0 rx_ooo rx_packed
scenario nonsense send=150K drop_ack drop_flags bad_options tx_challenge
[ $# = 0 ] || names=("$@")

serve=()
port=7001
for name in "${names[@]}"; do
	[ -n "${jobs[$name]:-}" ] || fail "no such scenario: $name"
	serve+=(--serve "port=$port,${jobs[$name]}")
	port=$((port + 1))
done
beside=${#names[@]}
two_ends 1500
host_start host --serve "port=7000,send=1M,count=$beside" "${serve[@]}"
spawn hostile p python3 -B "$(dirname "$0")/hostile.py" p0 "$seed" "${names[@]}"
# the first scenario is about what it hears of the other
ready hostile
peer_start beside --connect "to=10.0.0.1,port=7000,from=3000,ports=$beside,count=$beside,rate=1M,end=first"
finished beside
finished hostile
cat "$tmp/hostile.out"
served host 0
stop host

judge beside "connect.0=$beside"
no_stall beside 5000
wanted=() all=()
for i in "${!names[@]}"; do
	name=${names[i]}
	wanted+=("serve.$((i + 1))=$(sed -n "s/^$name .* connections //p" "$tmp/hostile.out")")
	read -ra list <<<"${counters[$name]}"
	all+=("${list[@]}")
done
judge host "serve.0=$beside" "${wanted[@]}"
counted host "${all[@]}"
echo ok
