/* SPDX-License-Identifier: BSD-3-Clause */
/* Trees of replies. JSON is read by libyaml: what the telemetry socket sends is flow-style YAML as well. */
#include "app/ctl/node.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static char *
copy(const char *s)
{
	char *c = strdup(s);

	if (c == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(12);
	}
	return c;
}

static struct node *
node_new(const char *key)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n == NULL) {
		fprintf(stderr, "out of memory\n");
		exit(12);
	}
	if (key != NULL)
		n->key = copy(key);
	return n;
}

struct node *
node_map(const char *key)
{
	return node_new(key);
}

void
node_free(struct node *n)
{
	struct node *c, *next;

	if (n == NULL)
		return;
	for (c = n->first; c != NULL; c = next) {
		next = c->next;
		node_free(c);
	}
	free(n->key);
	free(n->text);
	free(n);
}

void
node_add(struct node *parent, struct node *child, const char *key)
{
	if (key != NULL) {
		free(child->key);
		child->key = copy(key);
	}
	child->next = NULL;
	if (parent->last != NULL)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

void
node_add_text(struct node *parent, const char *key, const char *text, bool is_string)
{
	struct node *n = node_new(key);

	n->text = copy(text);
	n->is_string = is_string;
	node_add(parent, n, NULL);
}

void
node_set_style(struct node *parent, enum node_style style)
{
	parent->last->style = style;
}

void
node_add_int(struct node *parent, const char *key, int64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)v);
	node_add_text(parent, key, text, false);
}

struct node *
node_get(const struct node *n, const char *key)
{
	struct node *c;

	if (n == NULL)
		return NULL;
	for (c = n->first; c != NULL; c = c->next)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

struct node *
node_take(struct node *n, const char *key)
{
	struct node *c, *before = NULL;

	for (c = n->first; c != NULL && strcmp(c->key, key) != 0; c = c->next)
		before = c;
	if (c == NULL)
		return NULL;
	if (before != NULL)
		before->next = c->next;
	else
		n->first = c->next;
	if (n->last == c)
		n->last = before;
	c->next = NULL;
	return c;
}

const char *
node_text(const struct node *n, const char *key, const char *other)
{
	const struct node *c = node_get(n, key);

	return c != NULL && c->text != NULL ? c->text : other;
}

int64_t
node_int(const struct node *n, const char *key, int64_t other)
{
	const char *text = node_text(n, key, NULL);

	return text != NULL ? strtoll(text, NULL, 10) : other;
}

unsigned int
node_count(const struct node *n)
{
	const struct node *c;
	unsigned int count = 0;

	for (c = n != NULL ? n->first : NULL; c != NULL; c = c->next)
		count++;
	return count;
}

/* --- reading --- */

static struct node *from_yaml(yaml_document_t *doc, yaml_node_t *y, const char *key);

static void
add_items(struct node *n, yaml_document_t *doc, yaml_node_t *y)
{
	yaml_node_item_t *it;
	unsigned int i = 0;
	char key[12];

	for (it = y->data.sequence.items.start; it < y->data.sequence.items.top; it++) {
		snprintf(key, sizeof(key), "%u", i++);
		node_add(n, from_yaml(doc, yaml_document_get_node(doc, *it), key), NULL);
	}
}

static void
add_pairs(struct node *n, yaml_document_t *doc, yaml_node_t *y)
{
	yaml_node_pair_t *p;
	yaml_node_t *k;

	for (p = y->data.mapping.pairs.start; p < y->data.mapping.pairs.top; p++) {
		k = yaml_document_get_node(doc, p->key);
		if (k->type == YAML_SCALAR_NODE)
			node_add(n,
				 from_yaml(doc, yaml_document_get_node(doc, p->value),
					   (const char *)k->data.scalar.value),
				 NULL);
	}
}

static struct node *
from_yaml(yaml_document_t *doc, yaml_node_t *y, const char *key)
{
	struct node *n = node_new(key);

	if (y->type == YAML_SCALAR_NODE) {
		n->text = copy((const char *)y->data.scalar.value);
		n->is_string = y->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	} else if (y->type == YAML_SEQUENCE_NODE) {
		add_items(n, doc, y);
	} else if (y->type == YAML_MAPPING_NODE) {
		add_pairs(n, doc, y);
	}
	return n;
}

/* Nothing may follow the document. */
static bool
at_end(yaml_parser_t *parser)
{
	yaml_document_t doc;
	bool end;

	if (!yaml_parser_load(parser, &doc))
		return false;
	end = yaml_document_get_root_node(&doc) == NULL;
	yaml_document_delete(&doc);
	return end;
}

struct node *
node_parse(const char *json)
{
	struct node *n = NULL;
	yaml_document_t doc;
	yaml_parser_t parser;
	yaml_node_t *root;

	if (!yaml_parser_initialize(&parser))
		return NULL;
	yaml_parser_set_input_string(&parser, (const unsigned char *)json, strlen(json));
	if (yaml_parser_load(&parser, &doc)) {
		root = yaml_document_get_root_node(&doc);
		if (root != NULL && root->type == YAML_MAPPING_NODE)
			n = from_yaml(&doc, root, NULL);
		yaml_document_delete(&doc);
	}
	if (n != NULL && !at_end(&parser)) {
		node_free(n);
		n = NULL;
	}
	yaml_parser_delete(&parser);
	return n;
}

/* --- writing --- */

static void
print_string(const char *s, FILE *f)
{
	putc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", *s);
		else
			putc(*s, f);
	}
	putc('"', f);
}

static void
print_json(const struct node *n, FILE *f)
{
	const struct node *c;

	if (n->text != NULL) {
		if (n->is_string)
			print_string(n->text, f);
		else
			fputs(n->text, f);
		return;
	}
	putc('{', f);
	for (c = n->first; c != NULL; c = c->next) {
		print_string(c->key, f);
		putc(':', f);
		print_json(c, f);
		if (c->next != NULL)
			putc(',', f);
	}
	putc('}', f);
}

void
node_print_json(const struct node *n, FILE *f)
{
	print_json(n, f);
	putc('\n', f);
}
