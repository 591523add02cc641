/* SPDX-License-Identifier: BSD-3-Clause */
/* NIDs and nets: text both ways with all its traps, 64-bit form, addresses. Spec section 1. */
#include "lnet/nid.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
nids_print_as_they_are_read(void **)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"10.0.0.1@tcp", NULL},
		{"10.0.0.1@tcp0", "10.0.0.1@tcp"},
		{"10.0.0.1", "10.0.0.1@tcp"},
		{"10.3.0.2@o2ib7", NULL},
		{"10.0.0.1@tcp65535", NULL},
		{"10.0.0.1@tcp007", "10.0.0.1@tcp7"},
		{"2001:db8::1@tcp", NULL},
		{"2001:DB8:0:0:0:0:0:1@tcp1", "2001:db8::1@tcp1"},
		{"0@lo", NULL},
		{"17@lo", "0@lo"},
		{"what.ever@lo", "0@lo"},
		{"5@gni", NULL},
		{"0x1f@kfi", "31@kfi"},
		{"0X1F@ptlf3", "31@ptlf3"},
		{"4294967295@bxi3f", NULL},
		{"10.0.0.9@gip2", NULL},
		{"fd00::9@efa", NULL},
		{"<?>", NULL},
		{"255.255.255.255@tcp", NULL},
	};
	char out[LNET_NID_STR_MAX];
	struct lnet_nid nid, again;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lnet_nid_parse(rows[i].in, &nid), 0);
		lnet_nid_format(&nid, out);
		assert_string_equal(out, rows[i].out != NULL ? rows[i].out : rows[i].in);
		assert_int_equal(lnet_nid_parse(out, &again), 0);
		assert_true(lnet_nid_equal(&nid, &again));
	}
}

static void
bad_nids_are_refused(void **)
{
	static const char *const rows[] = {
		"",
		"@tcp",
		"10.0.0@tcp",
		"10.0.0.256@tcp",
		"10.0.0.1.2@tcp",
		"10.0.0.1 @tcp",
		"10.0.0.1@",
		"10.0.0.1@tcp1x",
		"10.0.0.1@tcp65536",
		"10.0.0.1@tcp99999999999999999999",
		"10.0.0.1@tcp-1",
		"10.0.0.1@foo",
		"10.0.0.1@TCP",
		"0@lo0",
		"0@lo1",
		"@lo",
		"1@gni@gni",
		"x@gni",
		"0x@gni",
		"-1@gni",
		"4294967296@gni",
		"0x100000000@gni",
		"10.0.0.1@gni",
		"fd00::1@gip",
		"*",
		"*@tcp",
		"12345-10.0.0.1@tcp",
		"fd00::1::2@tcp",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@tcp",
	};
	struct lnet_nid nid;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lnet_nid_parse(rows[i], &nid) != -EINVAL)
			fail_msg("accepted: '%s'", rows[i]);
}

static void
nets_print_as_they_are_read(void **)
{
	static const struct {
		const char *in;
		uint32_t net;
		const char *out;
	} rows[] = {
		{"tcp", 0x20000, "tcp"},	{"tcp0", 0x20000, "tcp"},
		{"tcp1", 0x20001, "tcp1"},	{"o2ib65535", 0x5ffff, "o2ib65535"},
		{"lo", 0x90000, "lo"},		{"gni", 0xd0000, "gni"},
		{"bxi3f2", 0x130002, "bxi3f2"},
	};
	static const char *const bad[] = {"", "lo0", "tcp65536", "tcp1a", "tcp ", "foo", "1tcp"};
	char out[LNET_NET_STR_MAX];
	unsigned int i;
	uint32_t net;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lnet_net_parse(rows[i].in, &net), 0);
		assert_int_equal(net, rows[i].net);
		assert_string_equal(lnet_net_format(net, out), rows[i].out);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(lnet_net_parse(bad[i], &net), -EINVAL);
	assert_string_equal(lnet_net_format(0x110003, out), "<17:3>");
}

static void
sixty_four_bit_form_and_back(void **)
{
	static const struct {
		const char *text;
		uint64_t nid4;
	} rows[] = {
		{"10.0.0.1@tcp", 0x000200000a000001},
		{"10.3.0.2@o2ib7", 0x000500070a030002},
		{"0@lo", 0x0009000000000000},
		{"<?>", UINT64_MAX},
	};
	struct lnet_nid nid, from;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lnet_nid_parse(rows[i].text, &nid), 0);
		from = lnet_nid_from4(rows[i].nid4);
		assert_true(lnet_nid_equal(&nid, &from));
		assert_int_equal(lnet_nid_to4(&nid), rows[i].nid4);
	}
	/* no net has a number in its first byte: it would become a NID's size */
	from = lnet_nid_from4(0x0c02000000000001);
	assert_true(lnet_nid_is_any(&from));
}

static void
any_is_known_by_its_type_alone(void **)
{
	struct lnet_nid nid = {.type = LNET_TYPE_ANY};
	char out[LNET_NID_STR_MAX];

	assert_true(lnet_nid_is_any(&nid));
	assert_string_equal(lnet_nid_format(&nid, out), "<?>");
	assert_int_equal(lnet_nid_to4(&nid), UINT64_MAX);
}

static void
unknown_and_odd_nids_print_without_harm(void **)
{
	static const struct {
		struct lnet_nid nid;
		const char *out;
	} rows[] = {
		{{.type = 17, .num = {0, 3}, .addr = {0xab, 0xcd, 0, 1}}, "abcd0001@<17:3>"},
		{{.size = 12, .type = 17, .addr = {0x20, 1, 0xd, 0xb8, [15] = 1}},
		 "20010db8:0:0:1@<17:0>"},
		{{.size = 4, .type = LNET_TYPE_TCP, .addr = {1, 2, 3, 4, 5, 6, 7, 8}},
		 "1020304:5060708@tcp"},
		{{.size = 255, .type = LNET_TYPE_TCP, .addr = {1}}, "1000000:0:0:0@tcp"},
		{{.size = 12, .type = LNET_TYPE_LO, .addr = {1}}, "1000000:0:0:0@lo"},
	};
	char out[LNET_NID_STR_MAX];
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(lnet_nid_format(&rows[i].nid, out), rows[i].out);
}

static void
addresses_go_in_and_out(void **)
{
	struct ipaddr a, b;
	struct lnet_nid nid;

	assert_int_equal(ipaddr_parse("fd00::6", &a), 0);
	nid = lnet_nid_from_ip(lnet_mknet(LNET_TYPE_TCP, 258), &a);
	assert_int_equal(nid.size, 12);
	assert_int_equal(lnet_nid_net(&nid), 0x20102);
	assert_int_equal(lnet_nid_to_ip(&nid, &b), 0);
	assert_true(ipaddr_equal(&a, &b));
	assert_int_equal(lnet_nid_parse("0@lo", &nid), 0);
	assert_int_equal(lnet_nid_to_ip(&nid, &b), -EAFNOSUPPORT);
	assert_int_equal(lnet_nid_parse("5@gni", &nid), 0);
	assert_int_equal(lnet_nid_to_ip(&nid, &b), -EAFNOSUPPORT);
	nid = (struct lnet_nid){.type = LNET_TYPE_TCP, .size = 3};
	assert_int_equal(lnet_nid_to_ip(&nid, &b), -EAFNOSUPPORT);
}

static void
hash_spreads_neighbouring_addresses(void **)
{
	unsigned int buckets[64] = {0}, i, worst = 0;
	struct ipaddr a;
	struct lnet_nid nid;

	for (i = 0; i < 4096; i++) {
		a = ipaddr_v4(0x0a000000 + i);
		nid = lnet_nid_from_ip(0x20000, &a);
		buckets[lnet_nid_hash(&nid) % 64]++;
	}
	for (i = 0; i < 64; i++)
		worst = buckets[i] > worst ? buckets[i] : worst;
	assert_in_range(worst, 64, 110);
}

int
main(void)
{
	const struct CMUnitTest nid[] = {
		cmocka_unit_test(nids_print_as_they_are_read),
		cmocka_unit_test(bad_nids_are_refused),
		cmocka_unit_test(nets_print_as_they_are_read),
		cmocka_unit_test(sixty_four_bit_form_and_back),
		cmocka_unit_test(any_is_known_by_its_type_alone),
		cmocka_unit_test(unknown_and_odd_nids_print_without_harm),
		cmocka_unit_test(addresses_go_in_and_out),
		cmocka_unit_test(hash_spreads_neighbouring_addresses),
	};

	return cmocka_run_group_tests(nid, NULL, NULL);
}
