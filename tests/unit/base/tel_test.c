/* SPDX-License-Identifier: BSD-3-Clause */
#include "lnet/base/tel.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 99
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct tel *tel;
static char json[32768];
static struct tel_req *kept;
static unsigned int estimate;
static char owner[] = "owner", other[] = "other";

static int
say_hello(void *ctx, struct kv *params, struct tel_req *req, uint64_t now)
{
	assert_ptr_equal(ctx, owner);
	assert_int_equal(now, NOW);
	tel_str(tel_out(req), "hello", kv_get(params, "who"));
	return 0;
}

static int
say_types(void *, struct kv *, struct tel_req *req, uint64_t)
{
	struct tel_out *o = tel_out(req);

	tel_int(o, "int", -5);
	tel_int(o, "big", INT64_C(5000000000));
	tel_int(o, "low", INT64_C(-5000000000));
	tel_u64(o, "u64", UINT64_MAX);
	tel_strf(o, "text", "%d%%", 7);
	tel_begin(o, "dict");
	tel_begin_item(o, 0);
	tel_str(o, "nid", "10.0.0.1@tcp");
	tel_end(o);
	tel_begin_item(o, 1);
	tel_end(o);
	tel_end(o);
	tel_int(o, "after", 1);
	return 0;
}

static int
say_odd(void *, struct kv *, struct tel_req *req, uint64_t)
{
	struct tel_out *o = tel_out(req);
	char big[400];

	tel_str(o, "quotes", "a\"b\\c");
	tel_str(o, "control", "a\nb\x1b\xc3\xa9");
	tel_str(o, "rx-q0.errors", "key");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	tel_str(o, "cut", big);
	tel_str(o, big, "long key");
	return 0;
}

static int
refuse(void *, struct kv *params, struct tel_req *req, uint64_t)
{
	const char *why = kv_get(params, "why");

	tel_int(tel_out(req), "held", 3);
	return why != NULL ? tel_fail(req, -EBUSY, "%s", why) : -EEXIST;
}

static int
keep(void *, struct kv *params, struct tel_req *req, uint64_t)
{
	if (kv_get(params, "at_once") != NULL) {
		tel_finish(req, -ENOENT);
		return TEL_LATER;
	}
	kept = req;
	return TEL_LATER;
}

static int
say_many(void *, struct kv *params, struct tel_req *req, uint64_t)
{
	int64_t n = 0, len = 1, i;
	char text[128];

	kv_get_int(params, "n", 0, 1000, &n);
	kv_get_int(params, "len", 1, 127, &len);
	memset(text, '"', sizeof(text)); /* needs an escape */
	text[len] = '\0';
	for (i = 0; i < n; i++) {
		char key[24];

		snprintf(key, sizeof(key), "%" PRId64, i);
		tel_str(tel_out(req), key, text);
	}
	estimate = tel_size(tel_out(req));
	return 0;
}

/* As a handler of lists does it. */
static int
say_paged(void *, struct kv *params, struct tel_req *req, uint64_t)
{
	struct tel_out *o = tel_out(req);
	int64_t off = 0, i;

	kv_get_int(params, "off", 0, 1000, &off);
	tel_begin(o, "data");
	for (i = off; i < 1000 && i - off < 250 && tel_size(o) < TEL_PAGE; i++) {
		tel_begin_item(o, (unsigned int)(i - off));
		tel_strf(o, "nid", "10.0.%d.%d@tcp%d", (int)(i / 256), (int)(i % 256), (int)i);
		tel_int(o, "credits", i);
		tel_end(o);
	}
	tel_end(o);
	tel_int(o, "next", i < 1000 ? i : 0);
	return 0;
}

static const struct tel_cmd cmds[] = {
	{"/test/hello", say_hello, "who="}, {"/test/types", say_types, ""},
	{"/test/odd", say_odd, ""},	    {"/test/refuse", refuse, "why="},
	{"/test/keep", keep, "at_once"},    {"/test/many", say_many, "n=,len="},
	{"/test/paged", say_paged, "off="},
};

static int
setup(void **)
{
	kept = NULL;
	if (tel_create(NULL, NULL, &tel) != 0)
		return -1;
	return tel_register(tel, cmds, COUNT(cmds), owner);
}

static int
teardown(void **)
{
	tel_destroy(tel);
	return 0;
}

static int
call(const char *name, const char *params)
{
	return tel_call(tel, name, params, json, sizeof(json), NOW);
}

static void
tel_call_hands_parameters_over_and_replies(void **)
{
	assert_int_equal(call("/test/hello", "who=you%2c there"), 0);
	assert_string_equal(json, "{\"rc\":0,\"hello\":\"you, there\"}");
}

static void
tel_reply_has_every_type(void **)
{
	assert_int_equal(call("/test/types", NULL), 0);
	assert_string_equal(json,
			    "{\"rc\":0,\"int\":-5,\"big\":5000000000,\"low\":\"-5000000000\","
			    "\"u64\":18446744073709551615,\"text\":\"7%\","
			    "\"dict\":{\"0\":{\"nid\":\"10.0.0.1@tcp\"},\"1\":{}},\"after\":1}");
}

static void
tel_reply_keeps_to_what_the_socket_can_carry(void **)
{
	const char *cut, *end;

	assert_int_equal(call("/test/odd", NULL), 0);
	assert_non_null(strstr(json, "\"quotes\":\"a\\\"b\\\\c\""));
	assert_non_null(strstr(json, "\"control\":\"a?b???\""));
	assert_non_null(strstr(json, "\"rx_q0_errors\":\"key\""));
	cut = strstr(json, "\"cut\":\"") + strlen("\"cut\":\"");
	end = strchr(cut, '"');
	assert_int_equal(end - cut, 127);
}

static void
tel_failure_tells_rc_and_descr(void **)
{
	assert_int_equal(call("/test/refuse", NULL), -EEXIST);
	assert_string_equal(json, "{\"rc\":-17,\"descr\":\"File exists\",\"held\":3}");
	assert_int_equal(call("/test/refuse", "why=still \"routing\""), -EBUSY);
	assert_string_equal(json, "{\"rc\":-16,\"descr\":\"still \\\"routing\\\"\",\"held\":3}");
}

static void
tel_bad_parameters_do_not_reach_the_handler(void **)
{
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(call("/test/keep", "=1"), -EINVAL);
	assert_int_equal(call("/test/keep", "a=1;a=2"), -EINVAL);
	assert_int_equal(call("/test/keep", big), -E2BIG);
	assert_null(kept);
}

static void
tel_unknown_command_and_gone_owner_are_enodev(void **)
{
	assert_int_equal(call("/test/nothing", NULL), -ENODEV);
	tel_unregister_owner(tel, other);
	assert_int_equal(call("/test/hello", "who=x"), 0);
	tel_unregister_owner(tel, owner);
	assert_int_equal(call("/test/hello", "who=x"), -ENODEV);
	assert_int_equal(tel_register(tel, cmds, COUNT(cmds), owner), 0);
	assert_int_equal(call("/test/hello", "who=x"), 0);
}

static void
tel_register_refuses_a_table_as_a_whole(void **)
{
	static const struct tel_cmd twice[] = {{"/new/a", refuse, ""}, {"/new/a", refuse, ""}};
	static const struct tel_cmd taken[] = {{"/new/a", refuse, ""}, {"/test/odd", refuse, ""}};
	static const char *const bad[] = {
		"test", "",
		"/a-b", "/a.b",
		"/a@b", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 60 */};
	struct tel_cmd one = {"/new/a", refuse, ""};
	char help[129];
	size_t i;

	assert_int_equal(tel_register(tel, twice, 2, other), -EEXIST);
	assert_int_equal(tel_register(tel, taken, 2, other), -EEXIST);
	for (i = 0; i < COUNT(bad); i++) {
		one.name = bad[i];
		assert_int_equal(tel_register(tel, &one, 1, other), -EINVAL);
	}
	memset(help, 'h', sizeof(help));
	help[128] = '\0';
	one = (struct tel_cmd){"/new/a", refuse, help};
	assert_int_equal(tel_register(tel, &one, 1, other), -EINVAL);
	assert_int_equal(call("/new/a", NULL), -ENODEV);
	help[127] = '\0';
	assert_int_equal(tel_register(tel, &one, 1, other), 0);
	assert_int_equal(call("/new/a", NULL), -EEXIST);
}

static void
tel_create_is_one_per_process(void **)
{
	struct tel *second;

	assert_int_equal(tel_create(NULL, NULL, &second), -EEXIST);
}

static void
tel_call_of_a_kept_request_is_busy(void **)
{
	assert_int_equal(call("/test/keep", NULL), -EBUSY);
	assert_non_null(strstr(json, "\"rc\":-16"));
	tel_int(tel_out(kept), "late", 1);
	tel_finish(kept, 0);
	/* finished before the handler returned: an answer like any other */
	assert_int_equal(call("/test/keep", "at_once=1"), -ENOENT);
	assert_non_null(strstr(json, "\"rc\":-2"));
}

static void
tel_kept_request_may_be_finished_after_destroy(void **)
{
	assert_int_equal(call("/test/keep", NULL), -EBUSY);
	tel_destroy(tel);
	tel_int(tel_out(kept), "late", 1);
	tel_finish(kept, 0);
	assert_int_equal(tel_create(NULL, NULL, &tel), 0);
}

static void
tel_reply_that_would_be_cut_is_refused(void **)
{
	/* 256 entries, of which rc and descr take two */
	assert_int_equal(call("/test/many", "n=254"), 0);
	assert_int_equal(call("/test/many", "n=255"), -EMSGSIZE);
	assert_string_equal(
		json, "{\"rc\":-90,\"descr\":\"the reply is too long: ask for less at once\"}");
	/* 16 KiB after escaping */
	assert_int_equal(call("/test/many", "n=50;len=127"), 0);
	assert_in_range(strlen(json), 12500, 16384);
	assert_int_equal(call("/test/many", "n=100;len=127"), -EMSGSIZE);
}

static void
tel_size_is_never_less_than_the_text(void **)
{
	static const char *const params[] = {"n=0", "n=1", "n=250", "n=50;len=100"};
	size_t i;

	for (i = 0; i < COUNT(params); i++) {
		assert_int_equal(call("/test/many", params[i]), 0);
		assert_in_range(estimate + strlen("{\"rc\":0,}"), strlen(json), strlen(json) * 2);
	}
}

static void
tel_pages_cover_a_list_once(void **)
{
	char params[32] = "", *p;
	unsigned int items = 0, pages = 0;
	int next = 0;

	do {
		assert_int_equal(call("/test/paged", params), 0);
		assert_true(strlen(json) < 16000);
		for (p = json; (p = strstr(p, "\"nid\"")) != NULL; p++)
			items++;
		assert_int_equal(sscanf(strstr(json, "\"next\":"), "\"next\":%d", &next), 1);
		snprintf(params, sizeof(params), "off=%d", next);
		pages++;
	} while (next != 0);
	assert_int_equal(items, 1000);
	assert_in_range(pages, 4, 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tel_call_hands_parameters_over_and_replies),
		TEST(tel_reply_has_every_type),
		TEST(tel_reply_keeps_to_what_the_socket_can_carry),
		TEST(tel_failure_tells_rc_and_descr),
		TEST(tel_bad_parameters_do_not_reach_the_handler),
		TEST(tel_unknown_command_and_gone_owner_are_enodev),
		TEST(tel_register_refuses_a_table_as_a_whole),
		TEST(tel_create_is_one_per_process),
		TEST(tel_call_of_a_kept_request_is_busy),
		TEST(tel_kept_request_may_be_finished_after_destroy),
		TEST(tel_reply_that_would_be_cut_is_refused),
		TEST(tel_size_is_never_less_than_the_text),
		TEST(tel_pages_cover_a_list_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
