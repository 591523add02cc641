/* SPDX-License-Identifier: BSD-3-Clause */
/* How replies become the documents of lnetctl. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
show_data(const struct tool *t, struct node *reply, const char *top, const struct yaml_dialect *d)
{
	struct node *data = node_take(reply, "data"), *root = node_map(NULL);

	if (data != NULL && data->first != NULL && !t->json) {
		node_add(root, data, top);
		data = NULL;
		yaml_print(root, d, stdout);
	}
	node_free(data);
	node_free(root);
	node_free(reply);
}

int
show_selected(struct tool *t, int argc, char **argv, const struct opt *opts, const char *cmd,
	      const char *top, void (*shape)(struct node *data))
{
	struct node *reply;
	struct params p;
	int verbose = 0, rc;

	params_init(&p);
	if (opts_read(argc, argv, opts, &p, &verbose) < 0)
		return -EINVAL;
	params_add_int(&p, "v", verbose);
	reply = tool_list(t, cmd, &p);
	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", 0);
	if (rc < 0)
		error_a("show", top, rc, node_text(reply, "descr", strerror(-rc)));
	if (shape != NULL)
		shape(node_get(reply, "data"));
	show_data(t, reply, top, &yaml_a);
	return rc < 0 ? -EINVAL : 0;
}

void
show_name_peer_nis(struct node *data)
{
	struct node *peer, *nis;

	for (peer = data != NULL ? data->first : NULL; peer != NULL; peer = peer->next) {
		nis = node_take(peer, "peer_ni");
		if (nis != NULL)
			node_add(peer, nis, "peer ni");
	}
}

void
show_join_nets(struct node *data)
{
	struct node *net = data != NULL ? data->first : NULL, *more, *ni;

	while (net != NULL && net->next != NULL) {
		if (strcmp(node_text(net, "net_type", ""), node_text(net->next, "net_type", "")) !=
		    0) {
			net = net->next;
			continue;
		}
		more = node_take(data, net->next->key);
		while ((ni = node_get(more, "local_nis")->first) != NULL)
			node_add(node_get(net, "local_nis"),
				 node_take(node_get(more, "local_nis"), ni->key), NULL);
		node_free(more);
	}
}

/* The socket's "cpt0" is the document's "cpt[0]". */
static void
add_cpts(struct node *list, struct node *data)
{
	struct node *cpt, *item;
	char key[16], name[32];
	unsigned int i = 0;

	while (data != NULL && data->first != NULL) {
		cpt = node_take(data, data->first->key);
		snprintf(key, sizeof(key), "%u", i++);
		snprintf(name, sizeof(name), "cpt[%s]", cpt->key + strcspn(cpt->key, "0123456789"));
		item = node_map(key);
		node_add(item, cpt, name);
		node_add(list, item, NULL);
	}
}

void
show_routing(struct node *reply, bool backup, FILE *f)
{
	struct node *root = node_map(NULL), *routing = node_map("routing"),
		    *data = node_take(reply, "data");
	struct node *buffers = node_take(reply, "buffers"), *enable;
	char key[16];

	if (data != NULL) {
		enable = node_map("0");
		if (!backup)
			add_cpts(routing, data);
		snprintf(key, sizeof(key), "%u", node_count(routing));
		node_add_int(enable, "enable", node_int(reply, "enable", 0));
		if (backup)
			node_add_int(routing, "enable", node_int(reply, "enable", 0));
		else
			node_add(routing, enable, key);
		if (backup)
			node_free(enable);
		node_add(root, routing, NULL);
		routing = NULL;
	}
	if (buffers != NULL) {
		node_add(root, buffers, "buffers");
		buffers = NULL;
	}
	yaml_print(root, &yaml_b, f);
	node_free(data);
	node_free(routing);
	node_free(root);
	node_free(reply);
}

int
verbose_level(int argc, char **argv, const char *optarg_text, int *optind_p)
{
	const char *text = optarg_text;

	if (text == NULL && *optind_p < argc && isdigit((unsigned char)argv[*optind_p][0]))
		text = argv[(*optind_p)++];
	return text != NULL && isdigit((unsigned char)*text) ? atoi(text) : 1;
}
