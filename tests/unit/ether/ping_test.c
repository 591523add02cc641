/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/tel.h"
#include "tests/unit/ether/lan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct lan lan;
static struct tel *tel;
static char reply[4000];

static void
wake(void *)
{
}

static int
setup(void **)
{
	uint8_t f[LAN_FRAME_MAX];

	lan_simple(&lan, 3);
	lan_send(&lan, f, lan_arp(f, 1, lan_peer_mac, "10.0.0.2", (uint8_t[6]){0}, "10.0.0.1"));
	lan_send(&lan, f, lan_nd(f, 135, 0, "fd00::2", "ff02::1:ff00:1", "fd00::1", lan_peer_mac));
	lan_clear(&lan);
	assert_int_equal(tel_create(wake, NULL, &tel), 0);
	assert_int_equal(ether_tel_register(lan.e, tel), 0);
	return 0;
}

static int
teardown(void **)
{
	tel_unregister_owner(tel, lan.e);
	lan_destroy(&lan);
	tel_destroy(tel);
	return 0;
}

static int
ping(const char *params)
{
	return tel_call(tel, "/ether/ping", params, reply, sizeof(reply), lan.now);
}

/* Time passes first, so that there is a round-trip time; then the request comes back as its answer. */
static size_t
answer(const char *from, const char *to, bool v6)
{
	uint8_t f[LAN_FRAME_MAX], message[LAN_FRAME_MAX];
	size_t n, head = v6 ? 54 : 34;

	lan_round(&lan);
	n = lan_recv(&lan, 0, f);
	if (n == 0)
		return 0;
	assert_true(lan_cksums_ok(f, n));
	assert_int_equal(f[head], v6 ? 128 : 8);
	memcpy(message, f + head, n - head);
	message[0] = v6 ? 129 : 0;
	lan.now += LAN_SECOND / 500;
	lan_send(&lan, f,
		 v6 ? lan_icmp6(f, from, to, 64, message, n - head)
		    : lan_icmp4(f, from, to, message, n - head));
	return n;
}

static unsigned int
running(void)
{
	return ether_leaks(lan.e);
}

static void
each_answer_brings_the_next_request(void **)
{
	unsigned int i;

	assert_int_equal(ping("iface=if0;addr=10.0.0.2;count=5;size=100"), -EBUSY); /* later */
	assert_int_equal(running(), 1);
	for (i = 0; i < 5; i++)
		assert_int_equal(answer("10.0.0.2", "10.0.0.1", false), 34 + 8 + 100);
	assert_int_equal(running(), 0);
	assert_int_equal(answer("10.0.0.2", "10.0.0.1", false), 0);
	assert_int_equal(LAN_COUNT(&lan, ECHO_REPLY_IN), 5);
}

static void
ipv6_is_pinged_alike(void **)
{
	assert_int_equal(ping("iface=if0;addr=fd00::2;count=1"), -EBUSY);
	assert_int_equal(answer("fd00::2", "fd00::1", true), 54 + 8 + 56);
	assert_int_equal(running(), 0);
}

static void
silence_ends_after_the_timeouts(void **)
{
	ping("iface=if0;addr=10.0.0.2;count=2;timeout_ms=500");
	lan_wait(&lan, LAN_SECOND * 9 / 10);
	assert_int_equal(running(), 1);
	lan_wait(&lan, LAN_SECOND / 5);
	assert_int_equal(running(), 0);
}

static void
answers_of_others_and_late_ones_do_not_count(void **)
{
	uint8_t stray[16] = {0, 0, 0, 0, 0x77, 0x77, 0, 1};
	uint8_t f[LAN_FRAME_MAX];

	/* nobody asked */
	lan_send(&lan, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", stray, sizeof(stray)));
	assert_int_equal(LAN_COUNT(&lan, DROP_ECHO_STRAY), 1);
	ping("iface=if0;addr=10.0.0.2;count=1");
	/* another host answers in its place */
	assert_true(answer("10.0.0.3", "10.0.0.1", false) > 0);
	assert_int_equal(LAN_COUNT(&lan, DROP_ECHO_STRAY), 2);
	assert_int_equal(running(), 1);
	lan_wait(&lan, 2 * LAN_SECOND);
	assert_int_equal(running(), 0);
	/* too short to hold the time */
	lan_send(&lan, f, lan_icmp4(f, "10.0.0.2", "10.0.0.1", stray, 12));
	assert_int_equal(LAN_COUNT(&lan, DROP_ECHO_STRAY), 3);
}

static void
bad_parameters_are_named(void **)
{
	static const struct {
		const char *params;
		int rc;
		const char *why;
	} cases[] = {
		{"", -ENODEV, "iface="},
		{"iface=x;addr=10.0.0.2", -ENODEV, "iface="},
		{"iface=if0", -EINVAL, "addr="},
		{"iface=if0;addr=x", -EINVAL, "addr="},
		{"iface=if0;addr=10.0.0.2;count=0", -ERANGE, "count= 1..1000"},
		{"iface=if0;addr=10.0.0.2;size=7", -ERANGE, "size= 8..1400"},
		{"iface=if0;addr=10.0.0.2;timeout_ms=99999", -ERANGE, "timeout_ms= 1..10000"},
		{"iface=if0;addr=10.0.0.2;bogus=1", -EINVAL, "bogus"},
	};
	unsigned int i;

	for (i = 0; i < RTE_DIM(cases); i++) {
		assert_int_equal(ping(cases[i].params), cases[i].rc);
		if (strstr(reply, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].params, reply);
	}
	assert_int_equal(running(), 0);
}

static void
too_many_at_once_are_refused(void **)
{
	unsigned int i;

	for (i = 0; i < ETHER_PINGS_MAX; i++)
		assert_int_equal(ping("iface=if0;addr=10.0.0.2"), -EBUSY);
	assert_int_equal(ping("iface=if0;addr=10.0.0.2"), -EBUSY);
	assert_non_null(strstr(reply, "16 pings run already"));
	lan_round(&lan);
	lan_clear(&lan);
	/* the release answers those that still run */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_answer_brings_the_next_request),
		CASE(ipv6_is_pinged_alike),
		CASE(silence_ends_after_the_timeouts),
		CASE(answers_of_others_and_late_ones_do_not_count),
		CASE(bad_parameters_are_named),
		CASE(too_many_at_once_are_refused),
	};

	return cmocka_run_group_tests(tests, lan_eal_setup, lan_eal_teardown);
}
