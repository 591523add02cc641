/* SPDX-License-Identifier: BSD-3-Clause */
/* Emitter of the YAML dialects. */
#include "app/ctl/yaml_out.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

const struct yaml_dialect yaml_a = {.map = 6, .dash = 0, .item = 6};
const struct yaml_dialect yaml_b = {.map = 4, .dash = 4, .item = 6};
const struct yaml_dialect yaml_c = {.map = 2, .dash = 0, .item = 2};

/* Keys that telemetry cannot spell. */
static const struct {
	const char *socket, *yaml;
} names[] = {
	{"net_type", "net type"},
	{"local_nis", "local NI(s)"},
	{"udsp_info", "udsp info"},
	{"net_priority", "net priority"},
	{"nid_priority", "nid priority"},
	{"health_stats", "health stats"},
	{"health_value", "health value"},
	{"no_route", "no route"},
	{"network_timeout", "network timeout"},
	{"lnd_tunables", "lnd tunables"},
	{"dev_cpt", "dev cpt"},
	{"primary_nid", "primary nid"},
	{"Multi_Rail", "Multi-Rail"},
	{"peer_state", "peer state"},
};

/* Maps that are lists. "peer_ni" of ping and discover keeps its underscore, that of peer show does not. */
static const char *const lists[] = {
	"local_nis", "peer_ni", "peer ni",   "net",	  "route", "peer",  "routing", "ping",
	"discover",  "manage",	"peer list", "add",	  "del",   "set",   "show",    "parser",
	"configure", "port",	"interface", "neighbour", "conns", "addrs", "ni"};

static const char *
yaml_name(const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].socket, key) == 0)
			return names[i].yaml;
	return key;
}

static bool
is_list(const struct node *n)
{
	size_t i;

	/* numbered from anywhere: items may have been taken out */
	if (n->first == NULL || !isdigit((unsigned char)n->first->key[0]))
		return false;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strcmp(lists[i], n->key) == 0)
			return true;
	return false;
}

static void
indent(unsigned int n, FILE *f)
{
	fprintf(f, "%*s", (int)n, "");
}

/* What a plain scalar cannot be: "[0]" is a flow list, an empty text is null, "a: b" is a map, " #" begins a comment. */
static bool
needs_quotes(const struct node *n)
{
	const char *t = n->text;
	size_t len = strlen(t);

	if (!n->is_string)
		return false;
	return n->style == NODE_QUOTED || len == 0 || strchr("[{*&!|>%@`\"'#,?", *t) != NULL ||
		t[len - 1] == ':' || t[len - 1] == ' ' || strstr(t, ": ") != NULL ||
		strstr(t, " #") != NULL || strncmp(t, "- ", 2) == 0;
}

static void
print_quoted(const char *text, FILE *f)
{
	putc('"', f);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', f);
		if ((unsigned char)*text < ' ')
			fprintf(f, "\\x%02x", (unsigned char)*text);
		else
			putc(*text, f);
	}
	fputs("\"\n", f);
}

static void print_map(const struct node *n, const struct yaml_dialect *d, unsigned int col,
		      bool on_dash, FILE *f);

static void
print_scalar(const struct node *n, FILE *f)
{
	if (n->style == NODE_TAGGED || needs_quotes(n)) {
		fputs(n->style == NODE_TAGGED ? " ! " : " ", f);
		print_quoted(n->text, f);
	} else {
		fprintf(f, *n->text == '\0' ? "\n" : " %s\n", n->text);
	}
}

static void
print_list(const struct node *n, const struct yaml_dialect *d, unsigned int col, FILE *f)
{
	const struct node *item;

	for (item = n->first; item != NULL; item = item->next) {
		indent(col + d->dash, f);
		putc('-', f);
		if (item->text != NULL) {
			print_scalar(item, f);
			continue;
		}
		indent(d->item - d->dash - 1, f);
		print_map(item, d, col + d->item, true, f);
	}
}

static void
print_map(const struct node *n, const struct yaml_dialect *d, unsigned int col, bool on_dash,
	  FILE *f)
{
	const struct node *c;

	for (c = n->first; c != NULL; c = c->next) {
		if (c->text == NULL && c->first == NULL)
			continue;
		if (!on_dash)
			indent(col, f);
		on_dash = false;
		fprintf(f, "%s:", yaml_name(c->key));
		if (c->text != NULL) {
			print_scalar(c, f);
			continue;
		}
		putc('\n', f);
		if (is_list(c))
			print_list(c, d, col, f);
		else
			print_map(c, d, col + d->map, false, f);
	}
}

void
yaml_print(const struct node *n, const struct yaml_dialect *d, FILE *f)
{
	print_map(n, d, 0, false, f);
}
