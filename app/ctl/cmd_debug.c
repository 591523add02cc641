/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl debug: the router's own insight. */
#include "app/ctl/lnetctl.h"

#include <errno.h>
#include <string.h>

static int
print(struct tool *t, const char *cmd, const char *top)
{
	struct node *reply = tool_call(t, cmd, NULL), *root;
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		error_b("show", top, rc, node_text(reply, "descr", strerror(-rc)));
	node_free(node_take(reply, "rc"));
	root = node_map(NULL);
	node_add(root, reply, top);
	if (rc == 0 && !t->json)
		yaml_print(root, &yaml_b, stdout);
	node_free(root);
	return rc;
}

int
debug_drops_cmd(struct tool *t, int argc, char **argv)
{
	static const char *const layers[][2] = {
		{"/lnet/drops", "lnet"},
		{"/socklnd/stats", "socklnd"},
		{"/tcp/stats", "tcp"},
		{"/ether/stats", "ether"},
	};
	size_t i;
	int rc = 0;

	(void)argc;
	(void)argv;
	for (i = 0; i < sizeof(layers) / sizeof(layers[0]) && rc == 0; i++)
		rc = print(t, layers[i][0], layers[i][1]);
	return rc;
}

int
debug_conns_cmd(struct tool *t, int argc, char **argv)
{
	struct node *reply = tool_list(t, "/tcp/conns", NULL);
	int rc;

	(void)argc;
	(void)argv;
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		error_b("show", "conns", rc, node_text(reply, "descr", strerror(-rc)));
	show_data(t, reply, "conns", &yaml_b);
	return rc;
}

int
debug_workers_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print(t, "/app/workers", "workers");
}

int
debug_memory_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print(t, "/app/memory", "memory");
}

int
debug_info_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print(t, "/app/info", "router");
}
