/* SPDX-License-Identifier: BSD-3-Clause */
/* Between tel.c and tel_out.c: a reply as a tree. */
#pragma once

#include "lnet/base/tel.h"

#include <rte_telemetry.h>

#include <stddef.h>

#define TEL_DEPTH_MAX 9 /* the reply itself and 8 below it */
#define TEL_KEY_MAX 63

enum tel_kind {
	TEL_INT, /* 32 bits: all that 22.11 has */
	TEL_U64,
	TEL_STR,
	TEL_DICT
};

struct tel_node {
	struct tel_node *next;
	enum tel_kind kind;
	char key[TEL_KEY_MAX + 1];
	union {
		int32_t i;
		uint64_t u;
		char *s;
		struct {
			struct tel_node *first, *last;
			unsigned int count;
			struct rte_tel_data *data; /* client's thread, while it fills */
		} d;
	};
};

struct tel_out {
	struct tel_node root;
	struct tel_node *stack[TEL_DEPTH_MAX]; /* open dicts; the last one is written to */
	unsigned int depth;
	unsigned int size;
	int error; /* -ENOMEM, -EMSGSIZE: incomplete, and nothing of it is told */
	int rc;
	char descr[RTE_TEL_MAX_STRING_LEN];
};

void tel_out_init(struct tel_out *o);
void tel_out_fini(struct tel_out *o);

/* The reply is complete. Nothing is written to it any more. */
void tel_out_finish(struct tel_out *o, int rc);

/* Into a telemetry callback's data. Thread: client. Return: 0, -ENOMEM. */
int tel_out_fill(struct tel_out *o, struct rte_tel_data *d);

/* As text, cut at @size. */
void tel_out_json(const struct tel_out *o, char *out, size_t size);
