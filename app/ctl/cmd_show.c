/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl peer, stats, global, set. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
peer_show_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"nid", 'n', "nid", OPT_TEXT, 0, 0},
		{"verbose", 'v', NULL, OPT_VERBOSE, 0, 0},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};

	return show_selected(t, argc, argv, opts, "/lnet/peer/show", "peer", show_name_peer_nis);
}

int
peer_list_cmd(struct tool *t, int argc, char **argv)
{
	struct node *reply = tool_list(t, "/lnet/peer/list", NULL);
	int rc;

	(void)argc;
	(void)argv;
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		error_a("show", "peer", rc, node_text(reply, "descr", strerror(-rc)));
	show_data(t, reply, "peer list", &yaml_a);
	return rc < 0 ? -EINVAL : 0;
}

/* A flat dict below a key in dialect B. */
static int
show_flat(struct tool *t, const char *cmd, const char *top, const char *entity, const char *what)
{
	struct node *reply = tool_call(t, cmd, NULL), *root;
	char text[160];
	int rc;

	if (reply == NULL)
		return -ENOENT;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0) {
		snprintf(text, sizeof(text), "cannot get %s: %s", what,
			 node_text(reply, "descr", strerror(-rc)));
		error_b("show", entity, rc, text);
		node_free(reply);
		return rc;
	}
	node_free(node_take(reply, "rc"));
	root = node_map(NULL);
	node_add(root, reply, top);
	if (!t->json)
		yaml_print(root, &yaml_b, stdout);
	node_free(root);
	return 0;
}

int
stats_show_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return show_flat(t, "/lnet/stats/show", "statistics", "statistics", "lnet statistics");
}

int
global_show_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return show_flat(t, "/lnet/global", "global", "global", "numa_range");
}

/* A change whose failure is a document of shape B. */
static int
change_b(struct tool *t, const char *cmd, const struct params *p, const char *op,
	 const char *entity, const char *what)
{
	struct node *reply = tool_call(t, cmd, p);
	char text[160];
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0) {
		snprintf(text, sizeof(text), "%s%s", what,
			 node_text(reply, "descr", strerror(-rc)));
		error_b(op, entity, rc, text);
	}
	node_free(reply);
	return rc;
}

int
stats_reset_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return change_b(t, "/lnet/stats/reset", NULL, "show", "statistics",
			"cannot reset lnet statistics: ");
}

static int
set_routing(struct tool *t, const char *value)
{
	struct params p;

	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) {
		error_b("parser", "set", -1,
			"cannot parse routing value.\n                 must be 0 for disable or 1 for enable");
		return -1;
	}
	params_init(&p);
	params_add(&p, "enable", value);
	return change_b(t, "/lnet/routing/set", &p, *value == '1' ? "add" : "del", "routing",
			*value == '1' ? "cannot enable routing " : "cannot disable routing ");
}

int
set_cmd(struct tool *t, int argc, char **argv)
{
	const char *name = argv[0], *value = argv[1];
	struct params p;
	char text[80], *end;

	(void)argc;
	if (strcmp(name, "routing") == 0)
		return set_routing(t, value);
	errno = 0;
	(void)strtoll(value, &end, 0);
	if (errno != 0 || *end != '\0' || end == value) {
		snprintf(text, sizeof(text), "cannot parse %s value", name);
		error_b("parser", "set", -1, text);
		return -1;
	}
	params_init(&p);
	params_add(&p, "name", name);
	params_add(&p, "value", value);
	return change_b(t, "/lnet/set", &p, "add", strstr(name, "_buffers") != NULL ? "buf" : name,
			"");
}
