#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# All that can be checked without running the program. Usage: lint.sh [--self-test].
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

step() {
	local name=$1
	shift
	echo "-- $name"
	"$@" || {
		echo "lint: $name failed" >&2
		failed=1
	}
}

format() {
	find app bench cfg drivers lnet tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
}

# The build folder gives the compile commands; it needs no compiled file but the generated header.
commands() {
	[ -f build/build.ninja ] || meson setup build >/dev/null
}

tidy() {
	commands || return 1
	python3 - <<'PY' | xargs -P "$(nproc)" -n 4 clang-tidy -p build --quiet --warnings-as-errors='*' 2>/dev/null
import json
for c in json.load(open('build/compile_commands.json')):
    f = c['file'].replace('../', '', 1)
    if not f.startswith('tests/'):
        print(f)
PY
}

second_opinion() {
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 --library=posix \
		--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=syntaxError -I. -j "$(nproc)" app cfg drivers lnet
}

# Each check has to fail on a tree that breaks its rule.
self_test() {
	local tmp
	tmp=$(mktemp -d)
	mkdir -p "$tmp"/{app,bench,cfg,drivers/tcp,lnet/base,tests,scripts,.ci,doc}
	expect_failure() {
		local name=$1 file=$2 text=$3
		rm -f "$tmp"/drivers/tcp/*
		printf '%b' "$text" >"$tmp/$file"
		if scripts/"$name" "$tmp" >/dev/null 2>&1; then
			echo "$name accepts: $text"
			failed=1
		fi
		rm -f "$tmp/$file"
	}
	expect_failure check-layers drivers/tcp/a.c '#include "lnet/lnet.h"\n'
	expect_failure check-layers drivers/tcp/a.c '#include <rte_ethdev.h>\n'
	expect_failure check-layers drivers/tcp/a.c '#include "drivers/tcp/b.c"\n'
	expect_failure check-tokens drivers/tcp/a.c 'void f(void)\n{\n\tusleep(1);\n}\n'
	expect_failure check-tokens lnet/a.c 'int x = time(NULL);\n'
	expect_failure check-size drivers/tcp/a.c "void\nf(void)\n{\n$(printf 'x;\\n%.0s' {1..61})}\n"
	expect_failure check-size drivers/tcp/a.c "$(printf 'int x;\\n%.0s' {1..601})"
	expect_failure check-text drivers/tcp/a.c 'int x;\n'
	expect_failure check-text doc/follow-a-message.md '| 1 | `lnet/x.c` `nothing` |\n'
	expect_failure check-headers drivers/tcp/a.h '#pragma once\nstruct x { undefined_t y; };\n'
	rm -rf "$tmp"
}

step self-test self_test
[ "${1:-}" = --self-test ] && exit $failed
step format format
step layers scripts/check-layers
step tokens scripts/check-tokens
step sizes scripts/check-size
step text scripts/check-text
step headers scripts/check-headers
step clang-tidy tidy
step cppcheck second_opinion
exit $failed
