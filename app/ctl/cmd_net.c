/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl lnet and net. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/* Up or down. The exit code tells why not. */
static int
change_lnet(struct tool *t, const char *cmd, const struct params *p)
{
	struct node *reply = tool_call(t, cmd, p);
	char text[300];
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0) {
		snprintf(text, sizeof(text), "LNet configure error: %s%s",
			 rc == -EBUSY ? "Object busy: " : "",
			 node_text(reply, "descr", strerror(-rc)));
		error_a("configure", "lnet", rc, text);
	}
	node_free(reply);
	return rc;
}

int
lnet_configure_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"all", 'a', "all", OPT_FLAG, 0, 0},
		{"large", 'l', "large", OPT_FLAG, 0, 0},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};
	struct params p;

	params_init(&p);
	if (opts_read(argc, argv, opts, &p, NULL) < 0)
		return -EINVAL;
	return change_lnet(t, "/lnet/configure", &p);
}

int
lnet_unconfigure_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return change_lnet(t, "/lnet/unconfigure", NULL);
}

static const struct opt net_opts[] = {
	{"net", 'n', "net", OPT_TEXT, 0, 0},
	{"if", 'i', "if", OPT_TEXT, 0, 0},
	{"peer-timeout", 't', "peer_timeout", OPT_NUMBER, -1, INT_MAX},
	{"peer-credits", 'c', "peer_credits", OPT_NUMBER, 1, 65535},
	{"peer-buffer-credits", 'b', "peer_buffer_credits", OPT_NUMBER, 0, 65535},
	{"credits", 'r', "credits", OPT_NUMBER, 1, 65535},
	{"conns-per-peer", 'm', "conns_per_peer", OPT_TEXT, 0, 0},
	{"tos", 0, "tos", OPT_TEXT, 0, 0},
	{NULL, 0, NULL, OPT_FLAG, 0, 0},
};

/* The numbers whose refusal is a document (control spec 4.2). */
static int
check_lnd_numbers(struct params *p)
{
	char text[32] = "";
	long long v;

	if (params_take(p, "conns_per_peer", text, sizeof(text))) {
		if (opts_number(text, INT_MIN, 127, &v) < 0) {
			error_b("ni", "add", -1,
				"invalid conns-per-peer value (valid range 0-127)");
			return -1;
		}
		if (v >= 0)
			params_add_int(p, "conns_per_peer", v);
	}
	if (params_take(p, "tos", text, sizeof(text))) {
		if (opts_number(text, -1, 255, &v) < 0) {
			error_b("ni", "add", -1, "Invalid ToS argument");
			return -EINVAL;
		}
		params_add_int(p, "tos", v);
	}
	return 0;
}

int
net_add_cmd(struct tool *t, int argc, char **argv)
{
	struct params p;
	int rc;

	params_init(&p);
	if (opts_read(argc, argv, net_opts, &p, NULL) < 0)
		return -EINVAL;
	if (!params_has(&p, "net")) {
		printf("missing mandatory parameters in NI config: 'network'\n");
		return -EINVAL;
	}
	rc = check_lnd_numbers(&p);
	if (rc < 0)
		return rc;
	if (!params_has(&p, "if")) {
		printf("creating a local NI needs at least one interface\n");
		return -EINVAL;
	}
	return tool_change(t, "/lnet/net/add", &p, "add", "net");
}

int
net_del_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"net", 'n', "net", OPT_TEXT, 0, 0},
		{"if", 'i', "if", OPT_TEXT, 0, 0},
		{"nid", 0, "nid", OPT_TEXT, 0, 0},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};
	struct params p;

	params_init(&p);
	if (opts_read(argc, argv, opts, &p, NULL) < 0)
		return -EINVAL;
	if (params_has(&p, "net") && params_has(&p, "nid")) {
		printf("--net is invalid with --nid option\n");
		return -EINVAL;
	}
	if (!params_has(&p, "net") && !params_has(&p, "nid")) {
		printf("missing mandatory parameters in NI config: 'network'\n");
		return -EINVAL;
	}
	return tool_change(t, "/lnet/net/del", &p, "del", "net");
}

int
net_show_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"net", 'n', "net", OPT_TEXT, 0, 0},
		{"verbose", 'v', NULL, OPT_VERBOSE, 0, 0},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};

	return show_selected(t, argc, argv, opts, "/lnet/net/show", "net", show_join_nets);
}
