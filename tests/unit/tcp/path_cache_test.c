/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known about paths: one entry for a destination and interface, bounded, the one that would expire first gives way. */
#include "drivers/tcp/tcp_priv.h"
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ENTRIES (TCP_PATH_SETS * TCP_PATH_WAYS)

static struct tcp_path_entry *
add(struct script *sc, const struct ipaddr *a, uint16_t iface, uint64_t expires_at)
{
	struct tcp_path_entry *e = tcp_path_cache_get(sc->f.tcp, iface, a, 0);

	e->mtu = 1500;
	e->expires_at = expires_at;
	return e;
}

static void
cache_keeps_destinations_and_interfaces_apart(void **)
{
	struct script *sc = script_new(NULL);
	struct ipaddr a = ipaddr_v4(0x0a000001), b = ipaddr_v4(0x0a000002);
	struct ipaddr six = ipaddr_v6((uint8_t[16]){0x0a, 0, 0, 1, [15] = 1});

	add(sc, &a, 0, 100);
	assert_non_null(tcp_path_cache_find(sc->f.tcp, 0, &a, 99));
	assert_null(tcp_path_cache_find(sc->f.tcp, 1, &a, 99));
	assert_null(tcp_path_cache_find(sc->f.tcp, 0, &b, 99));
	assert_null(tcp_path_cache_find(sc->f.tcp, 0, &six, 99));
	assert_null(tcp_path_cache_find(sc->f.tcp, 0, &a, 100));
	assert_ptr_equal(add(sc, &a, 0, 100), tcp_path_cache_find(sc->f.tcp, 0, &a, 0));
	script_free(sc);
}

static void
cache_is_bounded_and_the_first_to_expire_gives_way(void **)
{
	struct script *sc = script_new(NULL);
	struct ipaddr a;
	uint32_t i, there = 0;

	/* four times as many as there is room for, each expiring later than the one before it */
	for (i = 0; i < 4 * ENTRIES; i++) {
		a = ipaddr_v4(0x0a000000 + i);
		assert_int_equal(tcp_path_cache_get(sc->f.tcp, 0, &a, 0)->mtu, 0);
		add(sc, &a, 0, 1000 + i);
		assert_non_null(tcp_path_cache_find(sc->f.tcp, 0, &a, 0));
	}
	for (i = 0; i < 4 * ENTRIES; i++) {
		a = ipaddr_v4(0x0a000000 + i);
		there += tcp_path_cache_find(sc->f.tcp, 0, &a, 0) != NULL;
	}
	assert_true(there <= ENTRIES);
	/* keyed, but not lopsided: nearly all places are in use, by the youngest of their sets */
	assert_true(there > ENTRIES * 9 / 10);
	for (i = 0; i < ENTRIES; i++) {
		a = ipaddr_v4(0x0a000000 + i);
		there -= tcp_path_cache_find(sc->f.tcp, 0, &a, 0) != NULL;
	}
	assert_true(there > ENTRIES * 8 / 10);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cache_keeps_destinations_and_interfaces_apart),
		cmocka_unit_test(cache_is_bounded_and_the_first_to_expire_gives_way),
	};

	return cmocka_run_group_tests_name("tcp/path_cache", tests, script_group_setup, NULL);
}
