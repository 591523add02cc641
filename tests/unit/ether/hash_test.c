/* SPDX-License-Identifier: BSD-3-Clause */
#include "drivers/ether/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Microsoft, "Verifying the RSS Hash Calculation": the vectors for the address pair alone. */
static const struct {
	const char *src, *dst;
	uint32_t hash;
} vectors[] = {
	{"66.9.149.187", "161.142.100.80", 0x323e8fc2},
	{"199.92.111.2", "65.69.140.83", 0xd718262a},
	{"24.19.198.95", "12.22.207.184", 0xd2d0a5de},
	{"38.27.205.30", "209.142.163.6", 0x82989176},
	{"153.39.163.191", "202.188.127.2", 0x5d1809c5},
	{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 0x2cc18cd5},
	{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 0x0f0c461c},
	{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 0x4b61e985},
};

static struct ether_hash h;

static void
toeplitz_equals_the_published_vectors(void **)
{
	struct ipaddr src, dst;
	unsigned int i;

	ether_hash_init(&h, ether_hash_default_key, 1);
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(ipaddr_parse(vectors[i].src, &src), 0);
		assert_int_equal(ipaddr_parse(vectors[i].dst, &dst), 0);
		assert_int_equal(ether_hash_toeplitz(&h, &src, &dst), vectors[i].hash);
	}
}

static void
table_is_filled_evenly(void **)
{
	unsigned int workers, i, least, most;

	for (workers = 1; workers <= 9; workers++) {
		unsigned int count[9] = {0};

		ether_hash_init(&h, ether_hash_default_key, workers);
		for (i = 0; i < ETHER_RETA_SIZE; i++) {
			assert_true(h.reta[i] < workers);
			count[h.reta[i]]++;
		}
		least = ETHER_RETA_SIZE / workers;
		most = (ETHER_RETA_SIZE + workers - 1) / workers;
		for (i = 0; i < workers; i++)
			assert_true(count[i] >= least && count[i] <= most);
	}
}

static void
home_is_that_of_the_received_direction(void **)
{
	struct ipaddr local, remote;
	unsigned int i, spread[4] = {0};

	ether_hash_init(&h, ether_hash_default_key, 4);
	local = ipaddr_v4(0x0a000001);
	for (i = 0; i < 256; i++) {
		remote = ipaddr_v4(0x0a000100 + i);
		assert_int_equal(ether_hash_home(&h, &local, &remote),
				 h.reta[ether_hash_toeplitz(&h, &remote, &local) % 128]);
		spread[ether_hash_home(&h, &local, &remote)]++;
	}
	for (i = 0; i < 4; i++)
		assert_int_equal(spread[i], 64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toeplitz_equals_the_published_vectors),
		cmocka_unit_test(table_is_filled_evenly),
		cmocka_unit_test(home_is_that_of_the_received_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
