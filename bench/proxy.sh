#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The router against haproxy over veth: CPU time of a GB. As root. Usage: proxy.sh --json FILE [--quick]
# Called by forward.sh, which installs and builds; alone it takes what is in $BUILD (by default build/).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export PYTHONDONTWRITEBYTECODE=1
exec python3 "$here/proxy.py" --build "$(realpath -m "${BUILD:-$here/../build}")" "$@"
