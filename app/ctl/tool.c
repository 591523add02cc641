/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection and error documents of the tools. */
#include "app/ctl/tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
tool_connect(struct tool *t)
{
	char why[600];

	if (t->client != NULL)
		return true;
	if (client_open(&t->client, why, sizeof(why)) == 0)
		return true;
	fprintf(stderr, "%s: cannot connect to router daemon: %s\n", t->name, why);
	return false;
}

typedef struct node *call_fn(struct client *c, const char *cmd, const char *params, char *why,
			     unsigned int why_size);

static struct node *
request(struct tool *t, call_fn *fn, const char *cmd, const struct params *p)
{
	struct node *reply;
	char why[300];

	if (!tool_connect(t))
		return NULL;
	if (p != NULL && p->overflow) {
		fprintf(stderr, "%s: the parameters are too long\n", t->name);
		return NULL;
	}
	reply = fn(t->client, cmd, p != NULL ? p->text : NULL, why, sizeof(why));
	if (reply == NULL) {
		fprintf(stderr, "%s: %s\n", t->name, why);
		client_close(t->client);
		t->client = NULL;
	} else if (t->json) {
		node_print_json(reply, stdout);
	}
	return reply;
}

struct node *
tool_call(struct tool *t, const char *cmd, const struct params *p)
{
	return request(t, client_call, cmd, p);
}

struct node *
tool_list(struct tool *t, const char *cmd, const struct params *p)
{
	return request(t, client_list, cmd, p);
}

/* One operation with one entity: the two shapes differ in where errno and descr go, and how the text is written. */
static struct node *
error_tree(const char *op, const char *entity, int rc, const char *descr, bool nested)
{
	struct node *root = node_map(NULL), *list = node_map(op), *item = node_map("0"), *at = item;

	node_add(root, list, NULL);
	node_add(list, item, NULL);
	if (nested) {
		at = node_map(entity);
		node_add(item, at, NULL);
	} else {
		node_add_text(item, entity, "", false);
	}
	node_add_int(at, "errno", rc);
	node_add_text(at, "descr", descr, true);
	/* what the tool itself could not read is told without quotes (control spec 3.2) */
	if (!nested)
		node_set_style(at, NODE_TAGGED);
	else if (strcmp(op, "parser") != 0)
		node_set_style(at, NODE_QUOTED);
	return root;
}

void
error_a(const char *op, const char *entity, int rc, const char *descr)
{
	struct node *n = error_tree(op, entity, rc, descr, false);

	fprintf(stderr, "---\n");
	yaml_print(n, &yaml_a, stderr);
	fprintf(stderr, "...\n");
	node_free(n);
}

void
error_b(const char *op, const char *entity, int rc, const char *descr)
{
	struct node *n = error_tree(op, entity, rc, descr, true);

	yaml_print(n, &yaml_b, stderr);
	node_free(n);
}

int
tool_change(struct tool *t, const char *cmd, const struct params *p, const char *op,
	    const char *entity)
{
	struct node *reply = tool_call(t, cmd, p);
	int rc;

	if (reply == NULL)
		return -EINVAL;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc < 0)
		error_a(op, entity, rc, node_text(reply, "descr", strerror(-rc)));
	node_free(reply);
	return rc < 0 ? -EINVAL : 0;
}
