/* SPDX-License-Identifier: BSD-3-Clause */
/* Global settings: ranges, dependencies, texts. Control spec 4.6. */
#include "lnet/tunables.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct tunables t;
static char why[128];

static int
set(const char *name, int64_t value)
{
	return tunables_set(&t, name, value, why, sizeof(why));
}

static void
init(void)
{
	struct lnet_params p;

	lnet_params_default(&p);
	tunables_init(&t, &p);
}

static void
defaults_are_those_of_the_reference_in_its_order(void **)
{
	static const struct {
		const char *name;
		int64_t value;
	} rows[TUNABLES] = {
		{"numa_range", 0},
		{"max_interfaces", 4096},
		{"discovery", 1},
		{"drop_asym_route", 0},
		{"retry_count", 2},
		{"transaction_timeout", 150},
		{"health_sensitivity", 100},
		{"recovery_interval", 1},
		{"router_sensitivity", 100},
		{"lnd_timeout", 49},
		{"response_tracking", 3},
		{"recovery_limit", 0},
		{"max_recovery_ping_interval", 900},
	};
	unsigned int i;

	init();
	for (i = 0; i < TUNABLES; i++) {
		assert_string_equal(tunable_name(i), rows[i].name);
		assert_int_equal(t.value[i], rows[i].value);
	}
}

static void
values_in_range_are_taken_as_the_reference_takes_them(void **)
{
	static const struct {
		const char *name;
		int64_t value, shown;
		enum tunable id;
	} rows[] = {
		{"numa_range", UINT32_MAX, UINT32_MAX, TUNABLE_NUMA_RANGE},
		{"max_interfaces", 1, 4096, TUNABLE_MAX_INTERFACES},
		{"max_intf", 16, 16, TUNABLE_MAX_INTERFACES},
		{"discovery", 2, 1, TUNABLE_DISCOVERY},
		{"discovery", 0, 0, TUNABLE_DISCOVERY},
		{"drop_asym_route", 7, 1, TUNABLE_DROP_ASYM_ROUTE},
		{"retry_count", 50, 50, TUNABLE_RETRY_COUNT},
		{"recovery_interval", 30, 1, TUNABLE_RECOVERY_INTERVAL},
		{"router_sensitivity", 0, 0, TUNABLE_ROUTER_SENSITIVITY},
		{"response_tracking", 0, 0, TUNABLE_RESPONSE_TRACKING},
		{"recovery_limit", 10, 10, TUNABLE_RECOVERY_LIMIT},
		{"max_recovery_ping_interval", 1, 1, TUNABLE_MAX_RECOVERY_PING_INTERVAL},
	};
	unsigned int i;

	init();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(set(rows[i].name, rows[i].value), 0);
		assert_int_equal(t.value[rows[i].id], rows[i].shown);
	}
}

static void
values_out_of_range_are_refused_with_the_references_words(void **)
{
	static const struct {
		const char *name;
		int64_t value;
		int rc;
		const char *why;
	} rows[] = {
		{"transaction_timeout", 0, -ENODATA,
		 "cannot configure transaction timeout: Invalid argument"},
		{"transaction_timeout", 2, -ENODATA,
		 "cannot configure transaction timeout: Invalid argument"},
		{"retry_count", 151, -ENODATA, "cannot configure retry count: Invalid argument"},
		{"retry_count", -1, -ENODATA, "cannot configure retry count: Invalid argument"},
		{"health_sensitivity", 2000, -ENODATA,
		 "cannot configure health sensitivity: Invalid argument"},
		{"router_sensitivity", 101, -ENODATA,
		 "cannot configure router health sensitivity: Invalid argument"},
		{"response_tracking", 4, -EINVAL, "Valid values are: 0, 1, 2, or 3"},
		{"recovery_limit", -1, -EINVAL, "Must be greater than or equal to 0"},
		{"max_recovery_ping_interval", 0, -EINVAL, "must be strictly positive"},
		{"numa_range", -1, -ENODATA, "cannot configure numa_range: Invalid argument"},
		{"numa_range", INT64_MAX, -ENODATA,
		 "cannot configure numa_range: Invalid argument"},
		{"lnd_timeout", 5, -EINVAL, "computed from transaction_timeout and retry_count"},
		{"bogus", 1, -ENOENT, "no such setting: bogus"},
	};
	struct tunables before;
	unsigned int i;

	init();
	before = t;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(set(rows[i].name, rows[i].value), rows[i].rc);
		assert_string_equal(why, rows[i].why);
	}
	assert_memory_equal(&t, &before, sizeof(t));
}

static void
no_sensitivity_means_no_retries(void **)
{
	init();
	assert_int_equal(set("health_sensitivity", 0), 0);
	assert_int_equal(t.value[TUNABLE_RETRY_COUNT], 0);
	assert_int_equal(set("retry_count", 1), -ENODATA);
	assert_int_equal(set("retry_count", 0), 0);
	assert_int_equal(set("health_sensitivity", 1), 0);
	assert_int_equal(set("retry_count", 1), 0);
}

static void
driver_timeout_and_deadline_follow(void **)
{
	init();
	assert_int_equal(tunables_deadline(&t), 148000000000ull);
	assert_int_equal(set("retry_count", 3), 0);
	assert_int_equal(set("transaction_timeout", 60), 0);
	assert_int_equal(t.value[TUNABLE_LND_TIMEOUT], 14);
	assert_int_equal(set("retry_count", 0), 0);
	assert_int_equal(set("transaction_timeout", 1), 0);
	assert_int_equal(t.value[TUNABLE_LND_TIMEOUT], 1);
}

int
main(void)
{
	const struct CMUnitTest tunables[] = {
		cmocka_unit_test(defaults_are_those_of_the_reference_in_its_order),
		cmocka_unit_test(values_in_range_are_taken_as_the_reference_takes_them),
		cmocka_unit_test(values_out_of_range_are_refused_with_the_references_words),
		cmocka_unit_test(no_sensitivity_means_no_retries),
		cmocka_unit_test(driver_timeout_and_deadline_follow),
	};

	return cmocka_run_group_tests(tunables, NULL, NULL);
}
