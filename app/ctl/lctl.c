/* SPDX-License-Identifier: BSD-3-Clause */
/* lctl: LNet's part of it (control spec section 5). */
#include "app/ctl/tool.h"
#include "lnet/nid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- network --- */

static int
network_up(struct tool *t, bool large)
{
	struct node *reply;
	struct params p;
	int rc;

	params_init(&p);
	params_add_int(&p, "all", 1);
	params_add_int(&p, "large", large);
	reply = tool_call(t, "/lnet/configure", &p);
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0)
		fprintf(stderr, "LNET configure error %d: %s\n", -rc,
			node_text(reply, "descr", strerror(-rc)));
	else if (getenv("LCTL_PLAIN_CONFIGURED") != NULL)
		printf("LNET configured\n");
	else
		printf("LNET configured: %s\n",
		       large && node_int(reply, "new", 1) == 0 ? "Overridden existing one"
							       : "New Created");
	node_free(reply);
	return rc;
}

static int
network_down(struct tool *t)
{
	struct node *reply = tool_call(t, "/lnet/unconfigure", NULL);
	int rc;

	if (reply == NULL) {
		printf("LNET unconfigure error 22: Invalid argument\n");
		return -EINVAL;
	}
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc == 0)
		printf("LNET ready to unload\n");
	else if (rc == -EBUSY)
		printf("Object busy\n");
	else
		printf("LNET unconfigure error %d: %s\n", -rc,
		       node_text(reply, "descr", strerror(-rc)));
	node_free(reply);
	return rc;
}

static int
select_net(struct tool *t, const char *text)
{
	uint32_t net;

	if (lnet_net_parse(text, &net) < 0) {
		fprintf(stderr, "Can't parse net %s\n", text);
		return -1;
	}
	lnet_net_format(net, t->net);
	return 0;
}

static int
network_cmd(struct tool *t, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	bool large = argc > 2 && strcmp(argv[2], "-l") == 0;

	if (argc < 2 || argc > 3) {
		printf("usage: network up [-l] | configure [-l] | down | unconfigure | NET\n");
		return -4;
	}
	if (strcmp(verb, "up") == 0 || strcmp(verb, "configure") == 0)
		return network_up(t, large);
	if (strcmp(verb, "down") == 0 || strcmp(verb, "unconfigure") == 0)
		return network_down(t);
	return select_net(t, verb);
}

/* --- NIDs --- */

static int
list_nids_cmd(struct tool *t, int argc, char **argv)
{
	struct node *reply, *nid;
	struct params p;
	int rc;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "all") != 0)) {
		printf("usage: list_nids [all]\n");
		return -4;
	}
	params_init(&p);
	params_add_int(&p, "all", argc == 2);
	if (t->net[0] != '\0')
		params_add(&p, "net", t->net);
	reply = tool_call(t, "/lnet/nids", &p);
	if (reply == NULL)
		return -1;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0)
		fprintf(stderr, "IOC_LIBCFS_GET_NI error %d: %s\n", -rc,
			node_text(reply, "descr", strerror(-rc)));
	nid = node_get(reply, "nids");
	for (nid = nid != NULL && !t->json ? nid->first : NULL; nid != NULL; nid = nid->next)
		printf("%s\n", nid->text);
	node_free(reply);
	return rc < 0 ? -1 : 0;
}

static int
which_nid_cmd(struct tool *t, int argc, char **argv)
{
	char list[CLIENT_PARAMS_MAX] = "";
	struct lnet_nid nid;
	struct node *reply;
	struct params p;
	size_t len = 0;
	int i, rc;

	for (i = 1; i < argc; i++) {
		if (lnet_nid_parse(argv[i], &nid) < 0) {
			fprintf(stderr, "Can't parse NID %s\n", argv[i]);
			return -1;
		}
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i > 1 ? "," : "",
					argv[i]);
		if (len >= sizeof(list)) {
			fprintf(stderr, "%s: too many NIDs\n", t->name);
			return -E2BIG;
		}
	}
	params_init(&p);
	params_add(&p, "nids", list);
	reply = tool_call(t, "/lnet/which_nid", &p);
	if (reply == NULL)
		return -1;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0 && rc != -EHOSTUNREACH)
		fprintf(stderr, "%s\n", node_text(reply, "descr", strerror(-rc)));
	if (rc < 0)
		fprintf(stderr, "No reachable NID\n");
	else if (!t->json)
		printf("%s\n", node_text(reply, "nid", ""));
	node_free(reply);
	return rc < 0 ? -1 : 0;
}

/* "12345-10.0.0.1@tcp" names a process; LNet's own pid is the only one that answers. */
static const char *
without_pid(const char *text)
{
	const char *dash = strchr(text, '-'), *at = strchr(text, '@');

	return dash != NULL && at != NULL && dash < at ? dash + 1 : text;
}

static int
ping_cmd(struct tool *t, int argc, char **argv)
{
	const char *text = without_pid(argv[1]);
	struct lnet_nid nid;
	struct node *reply, *n;
	struct params p;
	int rc, timeout = argc > 2 ? atoi(argv[2]) : 1;

	if (lnet_nid_parse(text, &nid) < 0) {
		fprintf(stderr, "Invalid NID argument \"%s\"\n", argv[1]);
		return -EINVAL;
	}
	if (timeout < 1 || timeout > 120) {
		fprintf(stderr, "Timeout %s is out of range: 1 to 120 s are allowed\n", argv[2]);
		return -EINVAL;
	}
	params_init(&p);
	params_add(&p, "nid", text);
	params_add_int(&p, "timeout_ms", 1000LL * timeout);
	reply = tool_call(t, "/lnet/ping", &p);
	if (reply == NULL)
		return -ENOENT;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0)
		printf("failed to ping %s: %s\n", argv[1], strerror(-rc));
	n = node_get(reply, "all_nids");
	for (n = n != NULL && !t->json ? n->first : NULL; n != NULL; n = n->next)
		printf("%s%s\n", strcmp(n->text, "0@lo") == 0 ? "12345-" : "", n->text);
	node_free(reply);
	return rc;
}

/* --- tables --- */

static int
route_list_cmd(struct tool *t, int argc, char **argv)
{
	struct node *reply, *r;
	struct params p;
	int rc;

	(void)argc;
	(void)argv;
	params_init(&p);
	params_add_int(&p, "v", 1);
	if (t->net[0] != '\0')
		params_add(&p, "net", t->net);
	reply = tool_list(t, "/lnet/route/show", &p);
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		fprintf(stderr, "%s\n", node_text(reply, "descr", strerror(-rc)));
	r = node_get(reply, "data");
	for (r = r != NULL && !t->json ? r->first : NULL; r != NULL; r = r->next)
		printf("net %18s hops %lld gw %32s %s pri %lld\n", node_text(r, "net", ""),
		       (long long)node_int(r, "hop", -1), node_text(r, "gateway", ""),
		       node_text(r, "state", "down"), (long long)node_int(r, "priority", 0));
	node_free(reply);
	return rc;
}

static int
need_net(const struct tool *t, const char *cmd)
{
	if (t->net[0] != '\0')
		return 0;
	fprintf(stderr, "You must run '%s' command before '%s'\n",
		t->interactive ? "network <network>" : "--net <network>", cmd);
	return -1;
}

/* A list of the LND (@what: "peer"), one line each by @line. */
static int
lnd_list(struct tool *t, const char *cmd, const char *what, void (*line)(const struct node *n))
{
	struct node *reply, *n;
	struct params p;
	int rc;

	params_init(&p);
	params_add(&p, "net", t->net);
	reply = tool_list(t, cmd, &p);
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		fprintf(stderr, "Error getting %s list: %s\n", what,
			node_text(reply, "descr", strerror(-rc)));
	n = node_get(reply, "data");
	if (rc == 0 && !t->json && (n == NULL || n->first == NULL))
		printf("<no %ss>\n", what);
	for (n = n != NULL && !t->json ? n->first : NULL; n != NULL; n = n->next)
		line(n);
	node_free(reply);
	return rc;
}

static void
conn_line(const struct node *n)
{
	char nid[LNET_NID_STR_MAX + 16];

	snprintf(nid, sizeof(nid), "12345-%s", node_text(n, "nid", "?"));
	printf("%-20s %s[%lld]%s->%s:%lld %lld/%lld nonagle\n", nid, node_text(n, "type", "?"),
	       (long long)node_int(n, "cpt", 0), node_text(n, "local", "?"),
	       node_text(n, "remote", "?"), (long long)node_int(n, "port", 0),
	       (long long)node_int(n, "txq", 0), (long long)node_int(n, "rxq", 0));
}

static void
peer_line(const struct node *n)
{
	char nid[LNET_NID_STR_MAX + 16];

	snprintf(nid, sizeof(nid), "12345-%s", node_text(n, "nid", "?"));
	printf("%-20s [%lld]%s->%s:%lld #%lld\n", nid, (long long)node_int(n, "shared", 1),
	       node_text(n, "local", "?"), node_text(n, "remote", "?"),
	       (long long)node_int(n, "port", 988), (long long)node_int(n, "conns", 0));
}

static int
conn_list_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	if (need_net(t, argv[0]) < 0)
		return -1;
	return lnd_list(t, "/lnet/lnd/conns", "connection", conn_line);
}

static int
peer_list_cmd(struct tool *t, int argc, char **argv)
{
	(void)argc;
	if (need_net(t, argv[0]) < 0)
		return -1;
	return lnd_list(t, "/lnet/lnd/peers", "peer", peer_line);
}

/* --- the tool --- */

static const struct command commands[] = {
	{"network", network_cmd, NULL, 0,
	 "network up|configure|down|unconfigure|NET: LNet up, down, or select a net"},
	{"net", network_cmd, NULL, 0, "net: the same as network"},
	{"list_nids", list_nids_cmd, NULL, 0,
	 "list_nids [all]: print the NIDs of this node, one a line"},
	{"which_nid", which_nid_cmd, NULL, 1, "which_nid NID...: print the nearest of these NIDs"},
	{"ping", ping_cmd, NULL, 1, "ping NID [TIMEOUT]: check that a node answers (timeout in s)"},
	{"route_list", route_list_cmd, NULL, 0, "route_list: print the routes"},
	{"show_route", route_list_cmd, NULL, 0, "show_route: the same as route_list"},
	{"peer_list", peer_list_cmd, NULL, 0, "peer_list: print the peers of the selected net"},
	{"conn_list", conn_list_cmd, NULL, 0,
	 "conn_list: print the connections of the selected net"},
	{NULL, NULL, NULL, 0, NULL},
};

int
main(int argc, char **argv)
{
	struct tool t = {.name = "lctl"};
	int i = 1, rc;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			t.json = true;
		else if (strcmp(argv[i], "--net") == 0 && i + 2 < argc) {
			if (select_net(&t, argv[++i]) < 0)
				return 1;
		} else
			break;
	}
	rc = shell_run(&t, commands, argc - i, argv + i);
	client_close(t.client);
	return rc < 0 ? -rc & 0xff : 0;
}
