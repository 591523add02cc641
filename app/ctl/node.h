/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reply as a tree: scalars, and maps in the order received. Lists are maps with the keys "0", "1", ... as the
 * telemetry socket has them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How a string is written as YAML. */
enum node_style {
	NODE_PLAIN, /* bare where YAML allows it */
	NODE_QUOTED,
	NODE_TAGGED, /* quoted behind the non-specific tag "!", as error texts are */
};

struct node {
	char *key; /* NULL at the root */
	char *text; /* scalar's text, NULL for a map */
	bool is_string; /* was quoted in JSON */
	enum node_style style;
	struct node *first, *last; /* children of a map */
	struct node *next;
};

/* Parse JSON. Return: the tree, NULL when it is not JSON or memory is short. */
struct node *node_parse(const char *json);
struct node *node_map(const char *key);
void node_free(struct node *n);

/* Take @child over as the last child of @parent (with a new key when @key is not NULL). */
void node_add(struct node *parent, struct node *child, const char *key);
void node_add_text(struct node *parent, const char *key, const char *text, bool is_string);
void node_add_int(struct node *parent, const char *key, int64_t v);

/* The last child gets another style. */
void node_set_style(struct node *parent, enum node_style style);

/* Child of a map by key, or NULL; @n may be NULL. */
struct node *node_get(const struct node *n, const char *key);
/* Take a child out of its parent; the caller owns it. NULL if there is none. */
struct node *node_take(struct node *n, const char *key);
/* Text of a child, or @other. */
const char *node_text(const struct node *n, const char *key, const char *other);
int64_t node_int(const struct node *n, const char *key, int64_t other);
unsigned int node_count(const struct node *n);

/* Write as JSON, one line and a newline. */
void node_print_json(const struct node *n, FILE *f);
