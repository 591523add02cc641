/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies made into the documents of the tools. */
#include "app/ctl/lnetctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(struct node *root, const char *yaml)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	yaml_print(root, &yaml_c, f);
	fclose(f);
	assert_string_equal(text, yaml);
	free(text);
	node_free(root);
}

static void
net_of_two_pages_is_shown_once(void **state)
{
	struct node *root = node_parse(
		"{\"net\":{\"0\":{\"net_type\":\"tcp\",\"local_nis\":{\"0\":{\"nid\":\"a@tcp\"}}},"
		"\"1\":{\"net_type\":\"tcp\",\"local_nis\":{\"0\":{\"nid\":\"b@tcp\"},\"1\":{\"nid\":\"c@tcp\"}}},"
		"\"2\":{\"net_type\":\"tcp1\",\"local_nis\":{\"0\":{\"nid\":\"d@tcp1\"}}}}}");

	(void)state;
	show_join_nets(node_get(root, "net"));
	expect(root,
	       "net:\n"
	       "- net type: tcp\n"
	       "  local NI(s):\n"
	       "  - nid: a@tcp\n"
	       "  - nid: b@tcp\n"
	       "  - nid: c@tcp\n"
	       "- net type: tcp1\n"
	       "  local NI(s):\n"
	       "  - nid: d@tcp1\n");
	show_join_nets(NULL);
}

static void
nids_of_a_peer_have_the_name_of_peer_show(void **state)
{
	struct node *root = node_parse(
		"{\"peer\":{\"0\":{\"primary_nid\":\"a@tcp\",\"peer_ni\":{\"0\":{\"nid\":\"a@tcp\"}}}}}");

	(void)state;
	show_name_peer_nis(node_get(root, "peer"));
	expect(root,
	       "peer:\n"
	       "- primary nid: a@tcp\n"
	       "  peer ni:\n"
	       "  - nid: a@tcp\n");
	show_name_peer_nis(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(net_of_two_pages_is_shown_once),
		cmocka_unit_test(nids_of_a_peer_have_the_name_of_peer_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
