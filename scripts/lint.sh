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

# run_tidy FILE [-- FLAGS]: one file at a time, with several clang-tidy 14 takes every va_list for uninitialised
run_tidy() {
	clang-tidy --config-file=.clang-tidy --quiet --warnings-as-errors='*' "$@" 2>/dev/null
}
export -f run_tidy

tidy() {
	commands || return 1
	python3 - <<'PY' | xargs -P "$(nproc)" -n 1 bash -c 'run_tidy -p build "$@"' _
import json
for c in json.load(open('build/compile_commands.json')):
    f = c['file'].replace('../', '', 1)
    if not f.startswith('tests/'):
        print(f)
PY
}

# run_cppcheck FOLDER...; the real queue.h, because a list loop that it cannot read looks like one that sets nothing;
# readdirCalled asks for readdir_r(), which glibc has deprecated
run_cppcheck() {
	local queue_h
	queue_h=$(echo '#include <sys/queue.h>' | gcc -E -M -x c - | grep -o '/[^ ]*/sys/queue\.h')
	cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 --library=posix \
		--suppress=missingIncludeSystem --suppress=unknownMacro --suppress=readdirCalled --include="$queue_h" \
		-I. -j "$(nproc)" "$@"
}

# Each check accepts a tree that keeps its rule and refuses one that breaks it.
self_test() {
	local tmp check good
	tmp=$(mktemp -d)
	good='/* SPDX-License-Identifier: BSD-3-Clause */\n'
	mkdir -p "$tmp"/{app,bench,cfg,drivers/tcp,lnet/base,tests,scripts,.ci,doc}
	printf '%b' "$good#pragma once\nint f(int);\n" >"$tmp/lnet/base/good.h"
	printf '%b' "$good#include \"lnet/base/good.h\"\n\nint\nf(int)\n{\n\treturn 0;\n}\n" >"$tmp/lnet/base/good.c"

	# complain CHECK TEXT
	complain() {
		echo "self-test: $1: $2"
		failed=1
	}
	# expect_failure CHECK FILE TEXT [ROW OF THE CHECK'S LIST]
	expect_failure() {
		printf '%b' "$3" >"$tmp/$2"
		printf '%b' "${4:-}" | tee "$tmp/scripts/allocators" >"$tmp/scripts/long-ones"
		scripts/"$1" "$tmp" >/dev/null 2>&1 && complain "$1" "accepts $3 with ${4:-no row}"
		rm -f "$tmp/$2" "$tmp"/scripts/*
	}
	# a long one with its reason is accepted
	printf 'int x;\n%.0s' {1..601} >"$tmp/lnet/long.c"
	printf 'lnet/long.c\ttable\n' >"$tmp/scripts/long-ones"
	scripts/check-size "$tmp" || complain check-size "refuses a long file that has a reason"
	rm -f "$tmp/lnet/long.c" "$tmp/scripts/long-ones"
	for check in layers tokens allocs size text compliance headers; do
		scripts/check-$check "$tmp" || complain check-$check "refuses a good tree"
	done
	expect_failure check-layers drivers/tcp/a.c '#include "lnet/lnet.h"\n'
	expect_failure check-layers drivers/tcp/a.c '#  include "lnet/lnet.h"\n'
	expect_failure check-layers drivers/tcp/a.c '#include <rte_ethdev.h>\n'
	expect_failure check-layers drivers/tcp/a.c '#include "drivers/tcp/b.c"\n'
	expect_failure check-layers lnet/base/a.c '#include "lnet/nid.h"\n'
	expect_failure check-tokens drivers/tcp/a.c 'void f(void)\n{\n\tusleep(1);\n}\n'
	expect_failure check-tokens lnet/a.c 'int x = time(NULL);\n'
	expect_failure check-tokens lnet/a.c '\t*x = time(NULL);\n'
	expect_failure check-tokens lnet/base/a.c '\tstrcpy(a, b);\n'
	expect_failure check-allocs drivers/tcp/a.c 'f(void)\n{\n\t*p = malloc(1);\n}\n'
	expect_failure check-allocs drivers/tcp/a.c 'f(void)\n{\n\t*p = malloc(1);\n}\n' 'drivers/tcp/a.c\tg\tstart\n'
	expect_failure check-allocs drivers/tcp/a.c 'f(void)\n{\n\t*p = malloc(1);\n}\n' 'drivers/tcp/a.c\tf\n'
	expect_failure check-allocs drivers/tcp/a.c 'int x;\n' 'drivers/tcp/a.c\tf\tstart\n'
	expect_failure check-size drivers/tcp/a.c "void\nf(void)\n{\n$(printf 'x;\\n%.0s' {1..61})}\n"
	expect_failure check-size drivers/tcp/a.c "$(printf 'int x;\\n%.0s' {1..601})"
	expect_failure check-size drivers/tcp/a.c "$(printf 'int x;\\n%.0s' {1..601})" 'drivers/tcp/a.c\n'
	expect_failure check-size drivers/tcp/a.c "$(printf 'int x;\\n%.0s' {1..801})" 'drivers/tcp/a.c\ttable\n'
	expect_failure check-size drivers/tcp/a.c "void\nf(void)\n{\n$(printf 'x;\\n%.0s' {1..121})}\n" 'drivers/tcp/a.c:f()\ttable\n'
	expect_failure check-size drivers/tcp/a.c 'int x;\n' 'drivers/tcp/a.c\ttable\n'
	expect_failure check-text drivers/tcp/a.c 'int x;\n'
	expect_failure check-text doc/follow-a-message.md '| 1 | `lnet/x.c` `nothing` |\n'
	printf '\t\tcmocka_unit_test(shown),\n' >"$tmp/tests/a_test.c"
	printf '| clause | met | how, or why not | test |\n|---|---|---|---|\n| 1 | yes | | `shown`, `a_test` |\n| 2 | no | | no test |\n' \
		>"$tmp/doc/compliance.md"
	scripts/check-compliance "$tmp" || complain check-compliance "refuses tests that exist"
	expect_failure check-compliance doc/compliance.md '| 1 | yes | | `shown`, `hidden` |\n'
	expect_failure check-compliance doc/compliance.md '| 1 | yes | `shown` | |\n'
	rm -f "$tmp/tests/a_test.c"
	expect_failure check-headers drivers/tcp/a.h '#pragma once\nstruct x { undefined_t y; };\n'

	cp .clang-format "$tmp"
	clang-format --dry-run -Werror "$tmp"/lnet/base/good.* || complain format "refuses a good file"
	run_tidy "$tmp/lnet/base/good.c" -- -std=gnu2x -I"$tmp" >/dev/null || complain clang-tidy "refuses a good file"
	run_cppcheck "$tmp/lnet" || complain cppcheck "refuses a good tree"
	# the unnamed parameter is what a parser of older C would stumble over, and then see nothing
	printf 'int  f(int)\n{\n\tint *p = 0;\n\tchar b[4];\n\tb[4] = 0;\n\treturn *p + b[0];\n}\n' >"$tmp/lnet/bad.c"
	clang-format --dry-run -Werror "$tmp/lnet/bad.c" 2>/dev/null && complain format "accepts two blanks"
	run_tidy "$tmp/lnet/bad.c" -- -std=gnu2x >/dev/null && complain clang-tidy "accepts a null dereference"
	run_cppcheck "$tmp/lnet" 2>/dev/null && complain cppcheck "accepts an access out of bounds"
	rm -rf "$tmp"
}

step self-test self_test
[ "${1:-}" = --self-test ] && exit $failed
step format format
step layers scripts/check-layers
step tokens scripts/check-tokens
step allocations scripts/check-allocs
step sizes scripts/check-size
step text scripts/check-text
step compliance scripts/check-compliance
step headers scripts/check-headers
step clang-tidy tidy
step cppcheck run_cppcheck app cfg drivers lnet
exit $failed
