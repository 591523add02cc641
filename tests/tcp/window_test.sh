#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All at once: kernel sockets with the least buffer and segments there are, opened by either side, slow readers on either
# side, windows that stay closed for long on either side, streams of single bytes, and bulk data beside them that none of it
# holds up. Then slow readers alone, whose windows open by a few bytes at a time: nobody sends such small segments.
# Usage: window_test.sh clean|bad
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
smoke_begin tcpwnd
kind=${1:-clean}
seed=${SEED:-$RANDOM}
echo "seed $seed"
pause_ms=$((6000 * tcp_scale))
slow=${tcp_scale}M
bulks=$((5 * tcp_scale))
# as in bulk_test.sh; and a timer that asks for a closed window doubles: a closed one is known to be open within as long again
stall_ms=5000
options=()
if [ "$kind" = bad ]; then
	stall_ms=30000
	impair --loss 0.01 --dup 0.01 --reorder 0.02 --delay-us 200 --jitter-us 300
fi
two_ends_relay 1500 --seed "$seed" "${options[@]}"
peer_start tiny_served --rcvbuf 1 --serve port=7001,send=64K,count=1 --serve port=7002,send=2K,chunk=1,count=1
peer_start small_served --rcvbuf 1024 --mss 536 --serve port=7003,send=64K,count=1
host_start host --serve port=7001,send=64K,count=2 --serve "port=7002,send=$slow,count=2" --serve port=7003,rate=256K,count=1 \
	--serve "port=7004,pause_at=100K,pause_ms=$pause_ms,count=1" --serve port=7005,send=2K,chunk=1,count=1 \
	--serve "port=7006,send=1M,count=$bulks" \
	--connect to=10.0.0.2,port=7001,send=64K,end=first --connect to=10.0.0.2,port=7002,send=2K,chunk=1,end=first \
	--connect to=10.0.0.2,port=7003,send=64K,end=first
clients=()
# client NAME JOB [OPTION...]
client() {
	clients+=("$1")
	local name=$1 job=$2
	shift 2
	peer_start "$name" "$@" --connect "to=10.0.0.1,end=first,$job"
}
client tiny port=7001,from=2000,send=64K --rcvbuf 1
client narrow port=7001,from=2100,send=64K --rcvbuf 1 --mss 88
client reader "port=7002,from=2200,rate=256K"
# a buffer that does not grow to hold the whole stream: its window has to shut
client sleeper "port=7002,from=2300,pause_at=100K,pause_ms=$pause_ms" --rcvbuf 65536
client writer "port=7003,from=2400,send=$slow"
client blocked "port=7004,from=2500,send=$slow"
client bytes port=7005,from=2600,send=2K,chunk=1
# a port for each: one that is used again while the other side waits for its last ACK, which the relay may lose, resets it
client bulk "port=7006,from=2700,ports=$bulks,send=1M,count=$bulks"
for name in "${clients[@]}"; do
	finished "$name"
	case $name in bulk) n=$bulks ;; *) n=1 ;; esac
	judge "$name" "connect.0=$n"
	case $name in
	sleeper | blocked) no_stall "$name" $((2 * pause_ms + stall_ms)) ;;
	*) no_stall "$name" "$stall_ms" ;;
	esac
done
wait_text "$((300 * tcp_scale))" host.out 'job 8 done'
served host {0..5}
served tiny_served 0 1
served small_served 0
for name in tiny_served small_served host; do stop "$name"; done
judge tiny_served serve.0=1 serve.1=1
judge small_served serve.0=1
judge host serve.0=2 serve.1=2 serve.2=1 serve.3=1 serve.4=1 "serve.5=$bulks" connect.0=1 connect.1=1 connect.2=1
no_stall host $((2 * pause_ms + stall_ms))
[ "$(counter host persist)" -gt 0 ] || fail "no closed window was probed"
# what a peer with little memory loses of many small segments goes out again in few
[ $((2 * $(counter host retransmit))) -lt "$(counter host seg_out)" ] ||
	fail "$(counter host retransmit) of $(counter host seg_out) segments were repetitions"

# small WHAT BYTES SEGMENTS: so many segments of data are far too many for so many bytes
small() {
	echo "$1: $(($2 / $3)) bytes a segment"
	[ $(($2 / $3)) -ge 700 ] || fail "$1: silly windows, $3 segments for $2 bytes"
}
if [ "$kind" = clean ]; then
	host_start host --serve port=7001,rate=40K,count=1
	peer_start writer --connect to=10.0.0.1,port=7001,from=2000,send=256K,end=first
	finished writer
	served host 0
	stop host
	judge host serve.0=1
	small "to the engine" "$(counter host bytes_in)" "$(counter host seg_in)"
	host_start host --serve port=7001,send=256K,count=1
	peer_start reader --rcvbuf 16384 --connect to=10.0.0.1,port=7001,from=2100,rate=40K,end=first
	finished reader
	served host 0
	stop host
	judge host serve.0=1
	small "from the engine" "$(counter host bytes_out)" "$(counter host seg_out)"
fi
echo ok
