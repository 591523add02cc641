/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replies under construction: a small tree, turned into telemetry data or JSON text. Whatever the socket would drop
 * or spoil in silence (too many entries, too long, odd bytes) is refused or replaced here.
 */
#include "lnet/base/check.h"
#include "lnet/base/tel_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_OVERHEAD 6 /* quotes, colon, comma, and braces or quotes of the value */
#define ROOT_ENTRIES 2 /* rc and descr */

/* 16 KiB is what the socket sends; the command's name and rc and descr come on top of the tree. */
#define SIZE_MAX_ (16384 - 64 - 2 * RTE_TEL_MAX_STRING_LEN - 64)

void
tel_out_init(struct tel_out *o)
{
	*o = (struct tel_out){.root.kind = TEL_DICT};
	o->root.d.count = ROOT_ENTRIES;
	o->stack[0] = &o->root;
}

/* Depth is bounded by TEL_DEPTH_MAX. */
static void
free_children(struct tel_node *dict)
{
	struct tel_node *n, *next;

	for (n = dict->d.first; n != NULL; n = next) {
		next = n->next;
		if (n->kind == TEL_STR)
			free(n->s);
		else if (n->kind == TEL_DICT)
			free_children(n);
		free(n);
	}
	dict->d.first = dict->d.last = NULL;
}

void
tel_out_fini(struct tel_out *o)
{
	free_children(&o->root);
}

/* Keys are [A-Za-z0-9_/] for the socket: anything else, from a name that a driver chose, becomes '_'. */
static void
copy_key(char *out, const char *key)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/";
	unsigned int i;

	for (i = 0; i < TEL_KEY_MAX && key[i] != '\0'; i++)
		out[i] = strchr(allowed, key[i]) != NULL ? key[i] : '_';
	out[i] = '\0';
}

/* Printable ASCII, cut at the socket's limit; other bytes reach the client garbled. @out has that room. */
static void
copy_text(char *out, const char *text)
{
	unsigned int i;

	for (i = 0; i < RTE_TEL_MAX_STRING_LEN - 1 && text[i] != '\0'; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[i] = '\0';
}

static struct tel_node *
add(struct tel_out *o, const char *key, enum tel_kind kind)
{
	struct tel_node *n, *dict = o->stack[o->depth];

	if (o->error == 0 && dict->d.count == RTE_TEL_MAX_DICT_ENTRIES)
		o->error = -EMSGSIZE;
	if (o->error < 0)
		return NULL;
	n = calloc(1, sizeof(*n));
	if (n == NULL) {
		o->error = -ENOMEM;
		return NULL;
	}
	n->kind = kind;
	copy_key(n->key, key);
	if (dict->d.last != NULL)
		dict->d.last->next = n;
	else
		dict->d.first = n;
	dict->d.last = n;
	dict->d.count++;
	o->size += (unsigned int)strlen(n->key) + ENTRY_OVERHEAD;
	return n;
}

void
tel_int(struct tel_out *o, const char *key, int64_t v)
{
	struct tel_node *n;

	if (v > INT32_MAX) {
		tel_u64(o, key, (uint64_t)v);
		return;
	}
	if (v < INT32_MIN) {
		tel_strf(o, key, "%" PRId64, v);
		return;
	}
	n = add(o, key, TEL_INT);
	if (n == NULL)
		return;
	n->i = (int32_t)v;
	o->size += (unsigned int)snprintf(NULL, 0, "%" PRId32, n->i);
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
	const char *p;

	if (n == NULL)
		return;
	n->s = malloc(RTE_TEL_MAX_STRING_LEN);
	if (n->s == NULL) {
		o->error = -ENOMEM;
		return;
	}
	copy_text(n->s, text);
	for (p = n->s; *p != '\0'; p++)
		o->size += *p == '"' || *p == '\\' ? 2 : 1;
}

void
tel_strf(struct tel_out *o, const char *key, const char *fmt, ...)
{
	char text[RTE_TEL_MAX_STRING_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	tel_str(o, key, text);
}

void
tel_begin(struct tel_out *o, const char *key)
{
	struct tel_node *n;

	CHECK(o->depth + 1 < TEL_DEPTH_MAX);
	n = add(o, key, TEL_DICT);
	/* after an error nothing is kept: any dict will do to count the depth */
	o->stack[++o->depth] = n != NULL ? n : &o->root;
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
	CHECK(o->depth > 0);
	o->depth--;
}

unsigned int
tel_size(const struct tel_out *o)
{
	return o->size;
}

void
tel_out_finish(struct tel_out *o, int rc)
{
	char text[sizeof(o->descr)];

	if (o->error == 0 && o->size > SIZE_MAX_)
		o->error = -EMSGSIZE;
	if (o->error < 0) {
		free_children(&o->root);
		rc = o->error;
		snprintf(o->descr, sizeof(o->descr), "%s",
			 rc == -EMSGSIZE ? "the reply is too long: ask for less at once"
					 : "no memory for the reply");
	}
	o->rc = rc;
	if (rc < 0 && o->descr[0] == '\0')
		snprintf(o->descr, sizeof(o->descr), "%s", strerror(-rc));
	memcpy(text, o->descr, sizeof(text));
	copy_text(o->descr, text);
}

/* --- to telemetry data: client's thread --- */

static int fill(struct rte_tel_data *d, struct tel_node *dict);

static int
fill_dict(struct rte_tel_data *d, struct tel_node *n)
{
	int rc;

	n->d.data = rte_tel_data_alloc();
	if (n->d.data == NULL)
		return -ENOMEM;
	rte_tel_data_start_dict(n->d.data);
	rc = fill(n->d.data, n);
	if (rc == 0)
		rc = rte_tel_data_add_dict_container(d, n->key, n->d.data, 0);
	return rc;
}

static int
fill(struct rte_tel_data *d, struct tel_node *dict)
{
	struct tel_node *n;
	int rc = 0;

	for (n = dict->d.first; n != NULL && rc == 0; n = n->next) {
		if (n->kind == TEL_DICT)
			rc = fill_dict(d, n);
		else if (n->kind == TEL_STR)
			rc = rte_tel_data_add_dict_string(d, n->key, n->s);
		else if (n->kind == TEL_U64)
			rc = rte_tel_data_add_dict_u64(d, n->key, n->u);
		else
			rc = rte_tel_data_add_dict_int(d, n->key, n->i);
	}
	return rc;
}

/* What was filled in vain: the telemetry library frees only what it sends. */
static void
unfill(struct tel_node *dict)
{
	struct tel_node *n;

	for (n = dict->d.first; n != NULL; n = n->next) {
		if (n->kind != TEL_DICT)
			continue;
		unfill(n);
		rte_tel_data_free(n->d.data);
		n->d.data = NULL;
	}
}

int
tel_out_fill(struct tel_out *o, struct rte_tel_data *d)
{
	int rc;

	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "rc", o->rc);
	if (o->rc < 0)
		rte_tel_data_add_dict_string(d, "descr", o->descr);
	rc = fill(d, &o->root);
	if (rc < 0) {
		unfill(&o->root);
		return -ENOMEM;
	}
	return 0;
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

/* Printable ASCII: copy_text() made it. */
static void
print_string(struct text *t, const char *s)
{
	print(t, "\"");
	for (; *s != '\0'; s++)
		print(t, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	print(t, "\"");
}

static void
print_entries(struct text *t, const struct tel_node *dict, bool first)
{
	const struct tel_node *n;

	for (n = dict->d.first; n != NULL; n = n->next) {
		print(t, "%s\"%s\":", first ? "" : ",", n->key);
		first = false;
		if (n->kind == TEL_STR) {
			print_string(t, n->s);
		} else if (n->kind == TEL_INT) {
			print(t, "%" PRId32, n->i);
		} else if (n->kind == TEL_U64) {
			print(t, "%" PRIu64, n->u);
		} else {
			print(t, "{");
			print_entries(t, n, true);
			print(t, "}");
		}
	}
}

void
tel_out_json(const struct tel_out *o, char *out, size_t size)
{
	struct text t = {.at = out, .left = size};

	if (size == 0)
		return;
	print(&t, "{\"rc\":%d", o->rc);
	if (o->rc < 0) {
		print(&t, ",\"descr\":");
		print_string(&t, o->descr);
	}
	print_entries(&t, &o->root, false);
	print(&t, "}");
}
