/* SPDX-License-Identifier: BSD-3-Clause */
/* The three dialects, letter for letter: scripts grep them. */
#include "app/ctl/yaml_out.h"

#include "app/ctl/tool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *
print(const char *json, const struct yaml_dialect *d)
{
	struct node *n = node_parse(json);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(n);
	yaml_print(n, d, f);
	fclose(f);
	node_free(n);
	return text;
}

static void
expect(const char *json, const struct yaml_dialect *d, const char *yaml)
{
	char *text = print(json, d);

	assert_string_equal(text, yaml);
	free(text);
}

static const char nets[] =
	"{\"net\":{\"0\":{\"net_type\":\"tcp\",\"local_nis\":{\"0\":{\"nid\":\"192.0.2.10@tcp\","
	"\"interfaces\":{\"0\":\"eth0\"},\"tunables\":{\"credits\":256}}}}}}";

static void
dialect_a_indents_by_six_with_the_dash_below_the_key(void **state)
{
	(void)state;
	expect(nets, &yaml_a,
	       "net:\n"
	       "-     net type: tcp\n"
	       "      local NI(s):\n"
	       "      -     nid: 192.0.2.10@tcp\n"
	       "            interfaces:\n"
	       "                  0: eth0\n"
	       "            tunables:\n"
	       "                  credits: 256\n");
}

static void
dialect_b_indents_by_four(void **state)
{
	(void)state;
	expect("{\"routing\":{\"0\":{\"cpt[0]\":{\"tiny\":{\"npages\":0,\"credits\":-3}}},\"1\":{\"enable\":1}},"
	       "\"buffers\":{\"tiny\":512}}",
	       &yaml_b,
	       "routing:\n"
	       "    - cpt[0]:\n"
	       "          tiny:\n"
	       "              npages: 0\n"
	       "              credits: -3\n"
	       "    - enable: 1\n"
	       "buffers:\n"
	       "    tiny: 512\n");
}

static void
dialect_c_indents_by_two(void **state)
{
	(void)state;
	expect("{\"ping\":{\"0\":{\"primary_nid\":\"192.0.2.20@tcp\",\"Multi_Rail\":\"true\",\"peer_ni\":{\"0\":{\"nid\":"
	       "\"192.0.2.20@tcp\"},\"1\":{\"nid\":\"198.51.100.20@o2ib\"}}}}}",
	       &yaml_c,
	       "ping:\n"
	       "- primary nid: 192.0.2.20@tcp\n"
	       "  Multi-Rail: true\n"
	       "  peer_ni:\n"
	       "  - nid: 192.0.2.20@tcp\n"
	       "  - nid: 198.51.100.20@o2ib\n");
}

static void
scalars_are_quoted_only_where_yaml_needs_it(void **state)
{
	(void)state;
	expect("{\"CPT\":\"[0,1]\",\"dev_cpt\":-1,\"name\":\"p0\",\"empty\":\"\",\"map_on_demand\":true}",
	       &yaml_a,
	       "CPT: \"[0,1]\"\n"
	       "dev cpt: -1\n"
	       "name: p0\n"
	       "empty: \"\"\n"
	       "map_on_demand: true\n");
}

static void
a_list_may_have_lost_its_first_items(void **state)
{
	(void)state;
	expect("{\"route\":{\"2\":{\"net\":\"tcp\"},\"7\":{\"net\":\"tcp1\"}}}", &yaml_a,
	       "route:\n"
	       "-     net: tcp\n"
	       "-     net: tcp1\n");
}

static void
texts_that_yaml_would_read_otherwise_are_quoted(void **state)
{
	(void)state;
	expect("{\"a\":\"no: map\",\"b\":\"no #comment\",\"c\":\"end:\",\"d\":\"say \\\"x\\\"\",\"e\":\"\\\"x\\\" \\\\\"}",
	       &yaml_b,
	       "a: \"no: map\"\n"
	       "b: \"no #comment\"\n"
	       "c: \"end:\"\n"
	       "d: say \"x\"\n"
	       "e: \"\\\"x\\\" \\\\\"\n");
}

static void
errors_have_their_two_shapes(void **state)
{
	char text[400] = "";
	FILE *err = stderr;

	(void)state;
	stderr = fmemopen(text, sizeof(text), "w");
	assert_non_null(stderr);
	error_a("add", "net", -17, "cannot add \"x\"");
	error_b("add", "retry_count", -61, "Must be more");
	error_b("parser", "set", -1, "cannot parse it");
	fclose(stderr);
	stderr = err;
	assert_string_equal(text,
			    "---\n"
			    "add:\n"
			    "-     net:\n"
			    "      errno: -17\n"
			    "      descr: ! \"cannot add \\\"x\\\"\"\n"
			    "...\n"
			    "add:\n"
			    "    - retry_count:\n"
			    "          errno: -61\n"
			    "          descr: \"Must be more\"\n"
			    "parser:\n"
			    "    - set:\n"
			    "          errno: -1\n"
			    "          descr: cannot parse it\n");
}

static void
an_empty_list_prints_nothing(void **state)
{
	(void)state;
	expect("{\"route\":{}}", &yaml_a, "");
}

static void
json_goes_out_as_it_came_in(void **state)
{
	static const char json[] = "{\"a\":1,\"b\":\"x \\\"y\\\"\",\"c\":{\"0\":\"z\"}}";
	struct node *n = node_parse(json);
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(n);
	node_print_json(n, f);
	fclose(f);
	node_free(n);
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, json);
	free(text);
}

static void
what_is_not_json_is_refused(void **state)
{
	(void)state;
	assert_null(node_parse("{\"/cmd\":}x{"));
	assert_null(node_parse(""));
	assert_null(node_parse("[1,2]"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialect_a_indents_by_six_with_the_dash_below_the_key),
		cmocka_unit_test(dialect_b_indents_by_four),
		cmocka_unit_test(dialect_c_indents_by_two),
		cmocka_unit_test(scalars_are_quoted_only_where_yaml_needs_it),
		cmocka_unit_test(a_list_may_have_lost_its_first_items),
		cmocka_unit_test(texts_that_yaml_would_read_otherwise_are_quoted),
		cmocka_unit_test(errors_have_their_two_shapes),
		cmocka_unit_test(an_empty_list_prints_nothing),
		cmocka_unit_test(json_goes_out_as_it_came_in),
		cmocka_unit_test(what_is_not_json_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
