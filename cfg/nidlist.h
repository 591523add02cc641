/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bracket lists and lists of NIDs as operators write them: "192.0.2.[1-4]@tcp,192.0.2.9@tcp". Pure; used by the router and by
 * its clients. Facts: control spec 4.0.
 */
#pragma once

#include "lnet/nid.h"

#define NIDLIST_MAX 128 /* NIDs that one expression may expand to */
#define NIDLIST_TEXT_MAX 4096

/*
 * Expand the bracket lists of @text ("192.0.2.[1-4,9]@tcp") left to right, the leftmost slowest, and hand each result to
 * @each, which returns 0 or ends the walk with its error.
 * Return: 0; -EINVAL (bad bracket), -ERANGE (high below low), -E2BIG (more than NIDLIST_MAX); what @each returned.
 */
int nidlist_expand(const char *text, int (*each)(void *ctx, const char *item), void *ctx);

/*
 * A comma list of NID expressions as `lnetctl` takes it.
 * Return: number of NIDs; -EINVAL (no '@', a process id, '*'), -ERANGE, -E2BIG; @why gets the text of control spec 3.4.
 */
int nidlist_parse(const char *text, struct lnet_nid *nids, unsigned int max, char *why,
		  unsigned int why_size);
