/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The three YAML dialects of Lustre's tools (control spec section 1), written from a tree.
 */
#pragma once

#include "app/ctl/node.h"

#include <stdio.h>

struct yaml_dialect {
	unsigned int map; /* a map below a key is so far to the right of it */
	unsigned int dash; /* so far right of its key is a list's dash */
	unsigned int item; /* and the item's keys */
};

extern const struct yaml_dialect yaml_a, yaml_b, yaml_c;

/*
 * Write the children of @n. Keys get their names back (net_type is "net type"); maps under the keys that are lists
 * in the tools' output are written as lists. Nothing is written for an empty list.
 */
void yaml_print(const struct node *n, const struct yaml_dialect *d, FILE *f);
