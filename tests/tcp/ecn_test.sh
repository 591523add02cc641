#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# ECN against Linux, with a relay that marks every fiftieth packet and loses none: bulk both ways over IPv4 and IPv6, opened by either
# side. Both sides have to agree on it where they should, see marks, hear echoes and give way.
# Usage: ecn_test.sh passive|on|dctcp	what the interface of the router's side does
. "$(dirname "$0")/../smoke/_init.sh"
. "$(dirname "$0")/../smoke/_router.sh"
. "$(dirname "$0")/_tcp.sh"
mode=${1:-on}
smoke_begin "ecn$mode"
command -v nstat >/dev/null || skip "nstat is not installed"
case $mode in
passive) host_iface= ;;
on) host_iface=,ecn=on ;;
dctcp) host_iface=,cc=dctcp ;;
esac
seed=${SEED:-$RANDOM}
size=$((16 * tcp_scale))M
echo "seed $seed"
two_ends_relay 1500 --seed "$seed" --ce 0.02
in_ns p sysctl -q -w net.ipv4.tcp_ecn=1

# linux COUNTER: since the last call of linux_start
linux_start() { in_ns p nstat -n; }
linux() { in_ns p nstat -asz "$1" | awk -v name="$1" '$1 == name { print $2 }'; }
marked_to_linux() { echo $(($(linux IpExtInCEPkts) + $(linux Ip6InCEPkts))); }

serve=(--serve "port=7001,send=$size,count=2")
peer_start peer "${serve[@]}"
linux_start
host_start host "${serve[@]}" --connect "to=10.0.0.2,port=7001,send=$size,end=first" \
	--connect "to=fd00::2,port=7001,send=$size,end=first"
wait_text "$((300 * tcp_scale))" host.out 'job 2 done'
ce_of_ours=$(marked_to_linux)
in_ns p "$tcp_peer" --connect "to=10.0.0.1,port=7001,send=$size,end=first" \
	--connect "to=fd00::1,port=7001,send=$size,end=first" >"$tmp/client.out" 2>"$tmp/client.err"
served host 0
served peer 0
stop host
stop peer
stop relay
judge host connect.0=1 connect.1=1 serve.0=2
judge client connect.0=1 connect.1=1
judge peer serve.0=2

for c in ecn_agreed ecn_fallback ecn_mangled ecn_ce_in ecn_ece_in ecn_reduced sack_recovery rto retransmit; do
	echo "$c $(counter host "$c")"
done
for c in IpExtInCEPkts Ip6InCEPkts TcpExtTCPDeliveredCE TcpRetransSegs; do echo "$c $(linux "$c")"; done
# Linux does not agree when our SYN itself is ECN-capable, as DCTCP's is, unless it runs DCTCP: only what it opened has ECN
agreed=4
[ "$mode" = on ] || agreed=2
expect "connections with ECN" "$(counter host ecn_agreed)" "$agreed"
expect "handshakes that were tried again without" "$(counter host ecn_fallback)" 0
[ "$(marked_to_linux)" -gt 0 ] || fail "no marked packet came to Linux"
[ "$mode" = on ] || expect "marks on what we opened" "$ce_of_ours" 0
[ "$(linux TcpExtTCPDeliveredCE)" -gt 0 ] || fail "Linux heard no echo of ours"
for c in ecn_ce_in ecn_ece_in ecn_reduced; do
	[ "$(counter host $c)" -gt 0 ] || fail "$c is 0"
done
# nothing was lost on the way, so what a busy machine did lose is little
[ "$(counter host ecn_reduced)" -gt $((5 * $(counter host sack_recovery))) ] ||
	fail "windows were reduced by losses: $(cat "$tmp/relay.out")"
echo ok
