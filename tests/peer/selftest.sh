#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Usage: selftest.sh LNET-PEER CAPTURES-DIR. Runs the peer's selftest over all captures, compressed ones unpacked.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cp "$2"/*.pcap "$tmp"
for f in "$2"/*.pcap.gz; do
	gzip -dc "$f" >"$tmp/$(basename "$f" .gz)"
done
"$1" --selftest "$tmp"/*.pcap
