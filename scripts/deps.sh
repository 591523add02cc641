#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Install what building, testing and the demo need, from Debian 12. Usage: deps.sh build|test|lint|demo ...
# Does nothing, fast and without the network, when everything is there. Needs root only when something is missing.
set -euo pipefail

packages() {
	case $1 in
	build) echo gcc libc6-dev meson ninja-build pkg-config dpdk-dev libdpdk-dev libyaml-dev libconfig-dev librdmacm-dev \
		libibverbs-dev zlib1g-dev libcmocka-dev ;;
	test) echo clang libclang-rt-14-dev llvm iproute2 iputils-ping ethtool tshark procps python3 dpdk ;;
	lint) echo clang-format clang-tidy cppcheck clang ;;
	demo) echo iproute2 ethtool procps dpdk ;;
	bench) echo haproxy iproute2 ethtool python3 procps linux-perf valgrind ;;
	*)
		echo "deps.sh: unknown group '$1'" >&2
		exit 2
		;;
	esac
}

missing=()
for group in "$@"; do
	for p in $(packages "$group"); do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
done
[ ${#missing[@]} -eq 0 ] && exit 0

echo "installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=600 update -qq
apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
