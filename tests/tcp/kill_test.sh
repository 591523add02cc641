#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Either side dies in the middle of a transfer and is back on the same addresses and ports while the other still holds the old
# connection: a new one is made, and nothing of the old one gets into it.
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
smoke_begin tcpkill
two_ends 1500

kill_now() {
	kill -"$2" "${smoke_pids[$1]}"
	wait "${smoke_pids[$1]}" 2>/dev/null || true
	unset "smoke_pids[$1]"
}

# moved BYTES PORT [QUEUE]: an established connection of p to that port of its own or of the other side has moved so many
moved() {
	in_ns p ss -tinH state established "( sport = :$2 or dport = :$2 )" |
		awk -v want="$1" '{
			for (i = 1; i <= NF; i++)
				if (split($i, part, ":") == 2 && part[1] ~ /^bytes_(acked|received)$/)
					n += part[2]
		} END { exit !(n >= want) }'
}

established() {
	[ -n "$(in_ns p ss -tnH state established "( sport = :$1 or dport = :$1 )")" ]
}

round() {
	echo "-- the engine dies: while the kernel sends, and while the kernel waits for it to read on"
	peer_start peer --serve port=7001,send=16M --serve port=7002,rate=4M
	for job in "port=7001" "port=7002,send=16M"; do
		port=${job:5:4}
		host_start old --connect "to=10.0.0.2,from=1000,rate=4M,$job"
		wait_for 60 "a transfer" moved 1000000 "$port"
		kill_now old KILL
		established "$port" || fail "the kernel let the connection go"
		host_start host --connect "to=10.0.0.2,from=1000,end=first,$job"
		finished host
		judge host connect.0=1
	done
	stop peer
	judge peer serve.0=1/2 serve.1=1/2

	echo "-- the same with connections that the kernel has opened"
	for job in "send=16M,rate=4M" "send=0,rate=4M"; do
		host_start old --serve "port=7001,$job"
		peer_start peer --connect to=10.0.0.1,port=7001,from=2000,count=2,send=16M,end=first
		wait_for 60 "a transfer" moved 1000000 7001
		kill_now old KILL
		host_start host --serve "port=7001,send=1K"
		finished peer
		stop host
		judge host serve.0=1
		judge peer connect.0=1/2
	done

	echo "-- the kernel's side dies without a word: while the engine sends, and while it waits"
	host_start host --serve port=7001,send=1000G,pause_at=64K,pause_ms=1000000 --serve port=7002,pause_at=64K,pause_ms=1000000 \
		--serve port=7003
	for job in "1 port=7001" "2 port=7002"; do
		peer_start peer --connect "to=10.0.0.1,from=2000,send=16M,${job#* }"
		wait_for 60 "a transfer" moved 60000 "700${job% *}"
		kill_now peer USR1
		in_ns p "$tcp_peer" --connect "to=10.0.0.1,from=2000,send=1K,end=first,count=1,${job#* }" >"$tmp/again.out" \
			2>"$tmp/again.err" &
		again=$!
		if [ "${job% *}" = 1 ]; then
			# its stream is endless
			wait_for 60 "the second transfer" moved 1000000 7001
			kill -KILL "$again"
			wait "$again" 2>/dev/null || true
		else
			wait "$again" || fail "the second connection"
			judge again connect.0=1
		fi
	done

	echo "-- SIGKILL of the kernel's side"
	for i in 1 2 3 4; do
		peer_start peer --connect to=10.0.0.1,from=2000,port=7003,send=1000G
		wait_for 60 "a transfer" moved 1000000 7003
		kill_now peer KILL
	done
	in_ns p "$tcp_peer" --connect "to=10.0.0.1,from=2000,port=7003,send=1M,end=first" >"$tmp/again.out" 2>"$tmp/again.err"
	judge again connect.0=1
	stop host
	judge host serve.0=0/2 serve.1=1/2 serve.2=1/5
}

for ((i = 0; i < tcp_scale; i++)); do round; done
echo ok
