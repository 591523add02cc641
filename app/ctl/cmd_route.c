/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl route and routing. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"
#include "cfg/nidlist.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static const struct opt route_opts[] = {
	{"net", 'n', "net", OPT_TEXT, 0, 0},
	{"gateway", 'g', "gw", OPT_TEXT, 0, 0},
	{"hop", 'c', "hop", OPT_NUMBER, INT_MIN, INT_MAX},
	{"hop-count", 0, "hop", OPT_NUMBER, INT_MIN, INT_MAX},
	{"priority", 'p', "prio", OPT_NUMBER, INT_MIN, INT_MAX},
	{"verbose", 'v', NULL, OPT_VERBOSE, 0, 0},
	{NULL, 0, NULL, OPT_FLAG, 0, 0},
};

/* A gateway after the other, in the order of the list; the first that fails ends it. */
static int
change_each(struct tool *t, struct params *common, const char *cmd, const char *op)
{
	struct lnet_nid nids[NIDLIST_MAX];
	char list[CLIENT_PARAMS_MAX] = "", nid[LNET_NID_STR_MAX], why[160];
	struct params p;
	int i, n, rc = 0;

	params_take(common, "gw", list, sizeof(list));
	n = nidlist_parse(list, nids, NIDLIST_MAX, why, sizeof(why));
	if (n < 0) {
		error_a(op, "route", n, why);
		return -EINVAL;
	}
	for (i = 0; i < n && rc == 0; i++) {
		p = *common;
		params_add(&p, "gw", lnet_nid_format(&nids[i], nid));
		rc = tool_change(t, cmd, &p, op, "route");
	}
	return rc;
}

static int
change(struct tool *t, int argc, char **argv, const char *cmd, const char *op)
{
	struct params p;
	int ignored = 0;
	bool net, gw;

	params_init(&p);
	if (opts_read(argc, argv, route_opts, &p, &ignored) < 0)
		return -EINVAL;
	net = params_has(&p, "net");
	gw = params_has(&p, "gw");
	if (!net || !gw) {
		printf("missing mandatory parameters:'%s%s%s'\n", net ? "" : "net",
		       !net && !gw ? " , " : "", gw ? "" : "gateway");
		return -EINVAL;
	}
	return change_each(t, &p, cmd, op);
}

int
route_add_cmd(struct tool *t, int argc, char **argv)
{
	return change(t, argc, argv, "/lnet/route/add", "add");
}

int
route_del_cmd(struct tool *t, int argc, char **argv)
{
	return change(t, argc, argv, "/lnet/route/del", "del");
}

int
route_show_cmd(struct tool *t, int argc, char **argv)
{
	return show_selected(t, argc, argv, route_opts, "/lnet/route/show", "route", NULL);
}

int
routing_show_cmd(struct tool *t, int argc, char **argv)
{
	struct node *reply = tool_call(t, "/lnet/routing/show", NULL);
	char text[160];
	int rc;

	(void)argc;
	(void)argv;
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0) {
		snprintf(text, sizeof(text), "cannot get routing information: %s",
			 node_text(reply, "descr", strerror(-rc)));
		error_b("show", "routing", rc, text);
	}
	if (rc < 0 || t->json)
		node_free(reply);
	else
		show_routing(reply, false, stdout);
	return rc;
}
