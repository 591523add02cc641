# SPDX-License-Identifier: BSD-3-Clause
# Sourced by demo.sh and test.sh: what a run may not leave behind.

# Namespaces, mounts, hugepages, DPDK's run-time files, processes of ours: one line each.
state_of_machine() {
	ip netns list 2>/dev/null | sed 's/ .*//; s/^/netns /' | sort
	ip -o link show 2>/dev/null | sed 's/^[0-9]*: \([^:@]*\).*/link \1/' | sort
	# the view of this process; automounts of the system come and go elsewhere
	sed 's/^\([^ ]* [^ ]* [^ ]*\).*/mount \1/' /proc/mounts | sort
	ls /dev/hugepages 2>/dev/null | sed 's/^/hugepage-file /'
	ls /var/run/dpdk 2>/dev/null | sed 's/^/dpdk-run /'
	cat /sys/kernel/mm/hugepages/hugepages-*/nr_hugepages 2>/dev/null | sed 's/^/nr_hugepages /'
	ps -eo comm= | grep -E '^(lnet-router|lnet-peer|lnet-relay|dpdk-|tshark|dumpcap|haproxy)' | sed 's/^/process /' | sort || true
}

# compare_state BEFORE: print what differs and fail.
compare_state() {
	local after
	after=$(state_of_machine)
	[ "$1" = "$after" ] && return 0
	echo "left behind on the machine (< before, > after):" >&2
	diff <(printf '%s\n' "$1") <(printf '%s\n' "$after") >&2
	return 1
}

need_root() {
	[ "$(id -u)" -eq 0 ] && return 0
	echo "$0: has to run as root: it makes network namespaces" >&2
	exit 1
}
