/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOG_TYPE LOG_T_TCP

static char *text;
static size_t len;
static FILE *out;

static int
setup(void **)
{
	out = open_memstream(&text, &len);
	return out == NULL || rte_openlog_stream(out) != 0 || log_init() != 0 ||
		log_set_level(RTE_LOG_INFO) != 0;
}

static int
teardown(void **)
{
	rte_openlog_stream(NULL);
	fclose(out);
	free(text);
	return 0;
}

/* What was logged since the last time. */
static const char *
logged(void)
{
	fflush(out);
	text[len] = '\0';
	rewind(out);
	return text;
}

static void
log_line_names_type_and_gravity(void **)
{
	log_line(LOG_T_LNET, RTE_LOG_NOTICE, "Added LNI %s", "10.0.0.1@tcp");
	assert_string_equal(logged(), "LNet: Added LNI 10.0.0.1@tcp\n");
	LOG(ERR, "conn %d: %s", 7, "refused");
	assert_string_equal(logged(), "tcp error: conn 7: refused\n");
	LOG(WARNING, "slow");
	assert_string_equal(logged(), "tcp warning: slow\n");
}

static void
log_set_level_applies_to_every_type(void **)
{
	enum log_type t;

	assert_int_equal(log_set_level(RTE_LOG_ERR), 0);
	for (t = 0; t < LOG_TYPES; t++)
		log_line(t, RTE_LOG_NOTICE, "hidden");
	LOG(ERR, "seen");
	assert_string_equal(logged(), "tcp error: seen\n");
	assert_int_equal(log_set_level(RTE_LOG_DEBUG), 0);
	LOG(DEBUG, "x");
	assert_string_equal(logged(), "tcp: x\n");
	assert_int_equal(log_set_level(0), -EINVAL);
	assert_int_equal(log_set_level(RTE_LOG_MAX + 1), -EINVAL);
}

static void
log_level_of_one_type_is_set_by_its_name(void **)
{
	assert_int_equal(rte_log_set_level_pattern("lnet.tcp", RTE_LOG_DEBUG), 0);
	LOG(DEBUG, "seen");
	log_line(LOG_T_LNET, RTE_LOG_DEBUG, "hidden");
	assert_string_equal(logged(), "tcp: seen\n");
}

static void
log_line_is_cut_and_cannot_be_forged(void **)
{
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	LOG(NOTICE, "%s", big);
	assert_in_range(strlen(logged()), 400, 1100);
	assert_string_equal(text + strlen(text) - 2, "x\n");
	LOG(NOTICE, "%s", "name\nrouter error: forged\x1b[2J");
	assert_string_equal(logged(), "tcp: name?router error: forged?[2J\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(log_line_names_type_and_gravity),
		TEST(log_set_level_applies_to_every_type),
		TEST(log_level_of_one_type_is_set_by_its_name),
		TEST(log_line_is_cut_and_cannot_be_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
