/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl port: what replaces ip, ethtool, ping and tcpdump on a port that the kernel no longer sees. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Print what a request answers below @top, dialect B; a failure as shape B. Return: rc. */
static int
show(struct tool *t, struct node *reply, const char *op, const char *top)
{
	struct node *root;
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0) {
		error_b(op, top, rc, node_text(reply, "descr", strerror(-rc)));
		node_free(reply);
		return rc;
	}
	node_free(node_take(reply, "rc"));
	node_free(node_take(reply, "count"));
	node_free(node_take(reply, "next"));
	root = node_map(NULL);
	node_add(root, reply, top);
	if (!t->json)
		yaml_print(root, &yaml_b, stdout);
	node_free(root);
	return 0;
}

/* A list under @top. */
static int
show_list(struct tool *t, struct node *reply, const char *top)
{
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		return show(t, reply, "show", top);
	show_data(t, reply, top, &yaml_b);
	return 0;
}

int
port_list_cmd(struct tool *t, int argc, char **argv)
{
	int rc = show_list(t, tool_list(t, "/ether/port/list", NULL), "port");

	(void)argc;
	(void)argv;
	return rc < 0 ? rc : show_list(t, tool_list(t, "/ether/iface/list", NULL), "interface");
}

static int
show_port(struct tool *t, const char *name)
{
	struct params p;

	params_init(&p);
	params_add(&p, "port", name);
	return show(t, tool_call(t, "/ether/port/show", &p), "show", "port");
}

int
port_show_cmd(struct tool *t, int argc, char **argv)
{
	struct node *list, *port;
	bool json = t->json;
	int rc = 0;

	if (argc > 1)
		return show_port(t, argv[1]);
	/* the list is only asked for the names */
	t->json = false;
	list = tool_list(t, "/ether/port/list", NULL);
	t->json = json;
	if (list == NULL)
		return -EINVAL;
	port = node_get(list, "data");
	for (port = port != NULL ? port->first : NULL; port != NULL && rc == 0; port = port->next)
		rc = show_port(t, node_text(port, "port", ""));
	node_free(list);
	return rc;
}

int
port_ping_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"count", 'c', "count", OPT_NUMBER, 1, 1000},
		{"timeout", 't', "timeout", OPT_NUMBER, 1, 60},
		{"size", 's', "size", OPT_NUMBER, 0, 8192},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};
	struct node *reply;
	struct params p;
	int i, rc;

	params_init(&p);
	i = opts_read(argc, argv, opts, &p, NULL);
	if (i < 0 || argc - i != 2) {
		fprintf(stderr,
			"usage: %s port ping [--count N] [--timeout S] [--size N] IFACE ADDRESS\n",
			t->name);
		return -EINVAL;
	}
	params_add(&p, "iface", argv[i]);
	params_add(&p, "addr", argv[i + 1]);
	reply = tool_call(t, "/ether/ping", &p);
	rc = reply != NULL && node_int(reply, "rc", 0) == 0 && node_int(reply, "received", 0) == 0
		? -ETIMEDOUT
		: 0;
	i = show(t, reply, "show", "ping");
	return i < 0 ? i : rc;
}

int
port_neigh_cmd(struct tool *t, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "list";
	struct params p;

	params_init(&p);
	if (argc > 2)
		params_add(&p, "iface", argv[2]);
	if (strcmp(verb, "list") == 0)
		return show_list(t, tool_list(t, "/ether/neigh/list", &p), "neighbour");
	if (argc > 3)
		params_add(&p, "addr", argv[3]);
	if (strcmp(verb, "add") == 0 && argc == 5) {
		params_add(&p, "mac", argv[4]);
		return show(t, tool_call(t, "/ether/neigh/add", &p), "add", "neighbour");
	}
	if (strcmp(verb, "del") == 0 && argc == 4)
		return show(t, tool_call(t, "/ether/neigh/del", &p), "del", "neighbour");
	fprintf(stderr,
		"usage: %s port neigh [list [IFACE] | add IFACE ADDRESS MAC | del IFACE ADDRESS]\n",
		t->name);
	return -EINVAL;
}

int
port_capture_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"bytes", 'b', "max_bytes", OPT_NUMBER, 1, LLONG_MAX},
		{"packets", 'p', "max_packets", OPT_NUMBER, 1, LLONG_MAX},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};
	struct params p;
	char *path;
	int i, rc;

	params_init(&p);
	i = opts_read(argc, argv, opts, &p, NULL);
	if (i >= 0 && argc - i == 1 && strcmp(argv[i], "stop") == 0)
		return show(t, tool_call(t, "/ether/capture/stop", NULL), "show", "capture");
	if (i < 0 || argc - i != 3 || strcmp(argv[i], "start") != 0) {
		fprintf(stderr,
			"usage: %s port capture start PORT FILE [--bytes N] [--packets N] | stop\n",
			t->name);
		return -EINVAL;
	}
	/* the daemon has another working directory */
	if (argv[i + 2][0] == '/') {
		path = strdup(argv[i + 2]);
	} else {
		char *dir = realpath(".", NULL);

		rc = asprintf(&path, "%s/%s", dir != NULL ? dir : "", argv[i + 2]);
		free(dir);
		if (rc < 0)
			path = NULL;
	}
	params_add(&p, "port", argv[i + 1]);
	params_add(&p, "path", path);
	free(path);
	return show(t, tool_call(t, "/ether/capture/start", &p), "add", "capture");
}
