/* SPDX-License-Identifier: BSD-3-Clause */
/* Between tel.c and tel_out.c. */
#pragma once

#include "lnet/base/tel.h"

#include <rte_telemetry.h>

#include <stddef.h>

#define TEL_DEPTH_MAX 9 /* the reply itself and 8 below it */

struct tel_node;

struct tel_out {
	struct tel_node *root;
	struct tel_node *stack[TEL_DEPTH_MAX];
	unsigned int depth;
	unsigned int overflow; /* dicts open that have no place */
	unsigned int size;
	int rc; /* -ENOMEM: incomplete */
};

void tel_out_init(struct tel_out *o);
void tel_out_fini(struct tel_out *o);

/* Into a started dict. Thread: client. Return: 0, -errno of the telemetry library. */
int tel_out_fill(const struct tel_out *o, struct rte_tel_data *d);

/* As text, cut at @size. */
void tel_out_json(const struct tel_out *o, char *out, size_t size);
