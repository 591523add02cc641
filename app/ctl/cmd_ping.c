/* SPDX-License-Identifier: BSD-3-Clause */
/* lnetctl ping: one request a NID; successes and failures in one document of dialect C on stdout. */
#include "app/ctl/lnetctl.h"
#include "app/ctl/opts.h"
#include "cfg/nidlist.h"

#include <errno.h>
#include <string.h>

#define FOLD_COLUMN 80

/*
 * The text of a failure: single-quoted behind the tag, and folded as the tools do it: a line that passes column 80
 * breaks at the next blank and goes on indented by 4.
 */
static void
print_descr(const char *descr)
{
	unsigned int col = (unsigned int)printf("  descr: ! '");

	for (; *descr != '\0'; descr++) {
		if (*descr == ' ' && col > FOLD_COLUMN) {
			col = (unsigned int)printf("\n    ") - 1;
			continue;
		}
		putchar(*descr);
		if (*descr == '\'')
			putchar('\'');
		col++;
	}
	printf("'\n");
}

static void
print_failures(const struct node *failed)
{
	const struct node *f;

	if (failed->first == NULL)
		return;
	printf("manage:\n");
	for (f = failed->first; f != NULL; f = f->next) {
		printf("- ping:\n  errno: %lld\n", (long long)node_int(f, "rc", -EIO));
		print_descr(node_text(f, "descr", ""));
	}
}

static void
add_result(struct node *done, struct node *failed, struct node *reply)
{
	static const char *const keys[] = {"primary_nid", "Multi_Rail", "peer_ni"};
	struct node *item, *part;
	char index[12];
	size_t i;

	if (node_int(reply, "rc", -EIO) < 0) {
		node_add(failed, reply, "x");
		return;
	}
	snprintf(index, sizeof(index), "%u", node_count(done));
	item = node_map(index);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		part = node_take(reply, keys[i]);
		if (part != NULL)
			node_add(item, part, NULL);
	}
	node_add(done, item, NULL);
	node_free(reply);
}

static int
ping_all(struct tool *t, const struct lnet_nid *nids, int n, const struct params *common)
{
	struct node *root = node_map(NULL), *done = node_map("ping"), *failed = node_map(NULL),
		    *reply;
	char nid[LNET_NID_STR_MAX];
	struct params p;
	int i, rc = 0;

	node_add(root, done, NULL);
	for (i = 0; i < n && rc == 0; i++) {
		p = *common;
		params_add(&p, "nid", lnet_nid_format(&nids[i], nid));
		reply = tool_call(t, "/lnet/ping", &p);
		if (reply == NULL)
			rc = -EINVAL;
		else if (node_int(reply, "rc", 0) == -ENETDOWN) {
			error_a("manage", "ping", -ENETDOWN, node_text(reply, "descr", ""));
			node_free(reply);
			rc = -EINVAL;
		} else
			add_result(done, failed, reply);
	}
	if (rc == 0 && !t->json) {
		yaml_print(root, &yaml_c, stdout);
		print_failures(failed);
	}
	if (rc == 0 && failed->first != NULL)
		rc = -1;
	node_free(root);
	node_free(failed);
	return rc;
}

int
ping_cmd(struct tool *t, int argc, char **argv)
{
	static const struct opt opts[] = {
		{"timeout", 't', "timeout", OPT_NUMBER, 1, 86400},
		{"source", 's', "source", OPT_TEXT, 0, 0},
		{NULL, 0, NULL, OPT_FLAG, 0, 0},
	};
	struct lnet_nid nids[NIDLIST_MAX];
	struct params p;
	char why[160];
	int i, n = 0, rc;

	params_init(&p);
	i = opts_read(argc, argv, opts, &p, NULL);
	if (i < 0)
		return -EINVAL;
	for (; i < argc; i++) {
		rc = nidlist_parse(argv[i], nids + n, (unsigned int)(NIDLIST_MAX - n), why,
				   sizeof(why));
		if (rc < 0) {
			error_a("manage", "ping", rc, why);
			return -EINVAL;
		}
		n += rc;
	}
	if (n == 0) {
		error_a("manage", "ping", -EINVAL, "Missing nid argument");
		return -EINVAL;
	}
	return ping_all(t, nids, n, &p);
}
