/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl export: the sections in Lustre's order, all into the same place (control spec 4.13). */
#include "app/ctl/lnetctl.h"

#include <errno.h>
#include <string.h>

/* Keys of a backup; the others are left out. */
static void
drop_keys(struct node *n, const char *const *keys)
{
	for (; *keys != NULL; keys++)
		node_free(node_take(n, *keys));
}

static void
backup_net(struct node *net)
{
	static const char *const ni_keys[] = {
		"status",	 "statistics",	 "sent_stats", "received_stats",
		"dropped_stats", "health_stats", "dev_cpt",    NULL};
	static const char *const lnd_keys[] = {"timeout", NULL};
	struct node *nis = node_get(net, "local_nis"), *ni, *lnd;

	for (ni = nis != NULL ? nis->first : NULL; ni != NULL; ni = ni->next) {
		drop_keys(ni, ni_keys);
		lnd = node_get(ni, "lnd_tunables");
		if (lnd != NULL)
			drop_keys(lnd, lnd_keys);
	}
}

static void
backup_peer(struct node *peer)
{
	static const char *const ni_keys[] = {"state", NULL};
	struct node *nis = node_get(peer, "peer ni"), *ni;

	for (ni = nis != NULL ? nis->first : NULL; ni != NULL; ni = ni->next)
		drop_keys(ni, ni_keys);
}

static void
backup_data(struct node *data, const char *section)
{
	static const char *const route_keys[] = {"state", "type", NULL};
	struct node *item, *next;

	for (item = data->first; item != NULL; item = next) {
		next = item->next;
		if (strcmp(section, "route") == 0)
			drop_keys(item, route_keys);
		else if (strcmp(section, "peer") == 0)
			backup_peer(item);
		else if (strcmp(node_text(item, "net_type", ""), "lo") == 0)
			node_free(node_take(data, item->key));
		else
			backup_net(item);
	}
}

static int
section_a(struct tool *t, const char *cmd, const char *section, int level, bool backup, FILE *f)
{
	struct node *reply, *data, *root;
	struct params p;
	int rc;

	params_init(&p);
	params_add_int(&p, "v", level);
	reply = tool_list(t, cmd, &p);
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0) {
		error_a("show", section, rc, node_text(reply, "descr", strerror(-rc)));
		node_free(reply);
		return rc;
	}
	root = node_map(NULL);
	data = node_take(reply, "data");
	show_name_peer_nis(strcmp(section, "peer") == 0 ? data : NULL);
	show_join_nets(strcmp(section, "net") == 0 ? data : NULL);
	if (data != NULL && backup)
		backup_data(data, section);
	if (data != NULL)
		node_add(root, data, section);
	yaml_print(root, &yaml_a, f);
	node_free(root);
	node_free(reply);
	return 0;
}

static int
sections_b(struct tool *t, bool backup, FILE *f)
{
	struct node *reply = tool_call(t, "/lnet/routing/show", NULL), *root;

	if (reply == NULL)
		return -EINVAL;
	show_routing(reply, backup, f);
	reply = tool_call(t, "/lnet/global", NULL);
	if (reply == NULL)
		return -EINVAL;
	node_free(node_take(reply, "rc"));
	root = node_map(NULL);
	node_add(root, reply, "global");
	yaml_print(root, &yaml_b, f);
	node_free(root);
	return 0;
}

/* A backup of peers names them and no more: level 0 has that, and the state. */
static int
export_all(struct tool *t, bool backup, FILE *f)
{
	int rc = section_a(t, "/lnet/net/show", "net", 2, backup, f);

	if (rc == 0)
		rc = section_a(t, "/lnet/route/show", "route", 1, backup, f);
	if (rc == 0)
		rc = section_a(t, "/lnet/peer/show", "peer", backup ? 0 : 3, backup, f);
	if (rc == 0)
		rc = sections_b(t, backup, f);
	return rc;
}

int
export_cmd(struct tool *t, int argc, char **argv)
{
	bool backup = false;
	const char *file = NULL;
	FILE *f = stdout;
	int i, rc;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-b") == 0 || strcmp(argv[i], "--backup") == 0)
			backup = true;
		else if (argv[i][0] == '-' || file != NULL) {
			fprintf(stderr, "export: unknown option '%s'\n", argv[i]);
			return -EINVAL;
		} else
			file = argv[i];
	}
	if (file != NULL)
		f = fopen(file, "w");
	if (f == NULL) {
		fprintf(stderr, "export: %s: %s\n", file, strerror(errno));
		return -1;
	}
	rc = export_all(t, backup, f);
	if (f != stdout && fclose(f) != 0 && rc == 0) {
		fprintf(stderr, "export: %s: %s\n", file, strerror(errno));
		rc = -1;
	}
	return rc < 0 ? -EINVAL : 0;
}
