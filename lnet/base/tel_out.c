/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies under construction: a small tree, turned into telemetry data or JSON text. */
#include "lnet/base/tel_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 63
#define STRING_MAX RTE_TEL_MAX_STRING_LEN
#define DICT_OVERHEAD 6 /* quotes, colon, comma, braces */

enum kind {
	TEL_INT,
	TEL_U64,
	TEL_STR,
	TEL_DICT
};

struct tel_node {
	struct tel_node *next;
	enum kind kind;
	char key[KEY_MAX + 1];
	union {
		int64_t i;
		uint64_t u;
		char *s;
		struct {
			struct tel_node *first, *last;
		} d;
	};
};

void
tel_out_init(struct tel_out *o)
{
	*o = (struct tel_out){0};
	o->root = calloc(1, sizeof(*o->root));
	if (o->root == NULL) {
		o->rc = -ENOMEM;
		return;
	}
	o->root->kind = TEL_DICT;
	o->stack[0] = o->root;
}

static void
node_free(struct tel_node *n)
{
	struct tel_node *c, *next;

	if (n == NULL)
		return;
	if (n->kind == TEL_STR)
		free(n->s);
	for (c = n->kind == TEL_DICT ? n->d.first : NULL; c != NULL; c = next) {
		next = c->next;
		node_free(c);
	}
	free(n);
}

void
tel_out_fini(struct tel_out *o)
{
	node_free(o->root);
	o->root = NULL;
}

static struct tel_node *
add(struct tel_out *o, const char *key, enum kind kind)
{
	struct tel_node *n, *dict = o->stack[o->depth];

	if (o->rc < 0 || o->overflow > 0)
		return NULL;
	n = calloc(1, sizeof(*n));
	if (n == NULL) {
		o->rc = -ENOMEM;
		return NULL;
	}
	n->kind = kind;
	snprintf(n->key, sizeof(n->key), "%s", key);
	if (dict->d.last != NULL)
		dict->d.last->next = n;
	else
		dict->d.first = n;
	dict->d.last = n;
	o->size += (unsigned int)strlen(n->key) + DICT_OVERHEAD;
	return n;
}

void
tel_int(struct tel_out *o, const char *key, int64_t v)
{
	struct tel_node *n = add(o, key, TEL_INT);

	if (n == NULL)
		return;
	n->i = v;
	o->size += (unsigned int)snprintf(NULL, 0, "%" PRId64, v);
}

void
tel_u64(struct tel_out *o, const char *key, uint64_t v)
{
	struct tel_node *n = add(o, key, TEL_U64);

	if (n == NULL)
		return;
	n->u = v;
	o->size += (unsigned int)snprintf(NULL, 0, "%" PRIu64, v);
}

void
tel_str(struct tel_out *o, const char *key, const char *text)
{
	struct tel_node *n = add(o, key, TEL_STR);

	if (n == NULL)
		return;
	n->s = strndup(text, STRING_MAX - 1);
	if (n->s == NULL) {
		n->kind = TEL_INT;
		o->rc = -ENOMEM;
		return;
	}
	o->size += (unsigned int)strlen(n->s) + 2;
}

void
tel_strf(struct tel_out *o, const char *key, const char *fmt, ...)
{
	char text[STRING_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tel_str(o, key, text);
}

void
tel_begin(struct tel_out *o, const char *key)
{
	struct tel_node *n = add(o, key, TEL_DICT);

	if (n == NULL || o->depth + 1 == TEL_DEPTH_MAX) {
		/* what is written until the matching end has no place */
		o->overflow++;
		return;
	}
	o->stack[++o->depth] = n;
}

void
tel_begin_item(struct tel_out *o, unsigned int index)
{
	char key[12];

	snprintf(key, sizeof(key), "%u", index);
	tel_begin(o, key);
}

void
tel_end(struct tel_out *o)
{
	if (o->overflow > 0)
		o->overflow--;
	else if (o->depth > 0)
		o->depth--;
}

unsigned int
tel_size(const struct tel_out *o)
{
	return o->size;
}

/* --- to telemetry data: client thread --- */

static int
fill(struct rte_tel_data *d, const struct tel_node *dict)
{
	const struct tel_node *n;
	struct rte_tel_data *sub;
	char text[24];
	int rc = 0;

	for (n = dict->d.first; n != NULL && rc == 0; n = n->next) {
		switch (n->kind) {
		case TEL_INT:
			if (n->i >= INT32_MIN && n->i <= INT32_MAX) {
				rc = rte_tel_data_add_dict_int(d, n->key, (int)n->i);
			} else {
				/* 22.11 has 32-bit integers only */
				snprintf(text, sizeof(text), "%" PRId64, n->i);
				rc = rte_tel_data_add_dict_string(d, n->key, text);
			}
			break;
		case TEL_U64:
			rc = rte_tel_data_add_dict_u64(d, n->key, n->u);
			break;
		case TEL_STR:
			rc = rte_tel_data_add_dict_string(d, n->key, n->s);
			break;
		case TEL_DICT:
			sub = rte_tel_data_alloc();
			if (sub == NULL)
				return -ENOMEM;
			rte_tel_data_start_dict(sub);
			rc = fill(sub, n);
			if (rc == 0)
				rc = rte_tel_data_add_dict_container(d, n->key, sub, 0);
			if (rc < 0)
				rte_tel_data_free(sub);
			break;
		}
	}
	return rc;
}

int
tel_out_fill(const struct tel_out *o, struct rte_tel_data *d)
{
	return fill(d, o->root);
}

/* --- to JSON text --- */

struct text {
	char *at;
	size_t left;
};

static void __attribute__((format(printf, 2, 3))) print(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left > 0 ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static void
print_string(struct text *t, const char *s)
{
	print(t, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			print(t, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			print(t, "\\u%04x", (unsigned char)*s);
		else
			print(t, "%c", *s);
	}
	print(t, "\"");
}

static void
print_dict(struct text *t, const struct tel_node *dict)
{
	const struct tel_node *n;

	print(t, "{");
	for (n = dict->d.first; n != NULL; n = n->next) {
		print_string(t, n->key);
		print(t, ":");
		if (n->kind == TEL_DICT)
			print_dict(t, n);
		else if (n->kind == TEL_STR)
			print_string(t, n->s);
		else if (n->kind == TEL_INT)
			print(t, "%" PRId64, n->i);
		else
			print(t, "%" PRIu64, n->u);
		if (n->next != NULL)
			print(t, ",");
	}
	print(t, "}");
}

void
tel_out_json(const struct tel_out *o, char *out, size_t size)
{
	struct text t = {.at = out, .left = size};

	if (size == 0)
		return;
	*out = '\0';
	if (o->root != NULL)
		print_dict(&t, o->root);
}
