/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bracket lists: "a[1-3,7-11/2]b" becomes a1b, a2b, a3b, a7b, a9b, a11b. Pure.
 */
#include "cfg/nidlist.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct expansion {
	int (*each)(void *ctx, const char *item);
	void *ctx;
	unsigned int n;
};

/* Digits at *@p; the number may be hexadecimal only where a group of an IPv6 address asks for it: not supported. */
static int
number(const char **p, unsigned long *v)
{
	if (!isdigit((unsigned char)**p))
		return -EINVAL;
	*v = 0;
	for (; isdigit((unsigned char)**p); (*p)++) {
		*v = *v * 10 + (unsigned long)(**p - '0');
		if (*v > UINT32_MAX)
			return -EINVAL;
	}
	return 0;
}

/* One item of a list: n, lo-hi or lo-hi/step. */
static int
range(const char **p, unsigned long *lo, unsigned long *hi, unsigned long *step)
{
	*step = 1;
	if (number(p, lo) < 0)
		return -EINVAL;
	*hi = *lo;
	if (**p == '-') {
		(*p)++;
		if (number(p, hi) < 0)
			return -EINVAL;
		if (*hi < *lo)
			return -ERANGE;
		if (**p == '/') {
			(*p)++;
			if (number(p, step) < 0 || *step == 0)
				return -EINVAL;
		}
	}
	return **p == ',' || **p == ']' ? 0 : -EINVAL;
}

static int expand(struct expansion *x, const char *head, const char *text);

/* Put @value between what is done and what is left, and go on behind the bracket. */
static int
expand_value(struct expansion *x, const char *head, unsigned long value, const char *tail)
{
	char done[NIDLIST_TEXT_MAX];
	int n = snprintf(done, sizeof(done), "%s%lu", head, value);

	if (n < 0 || (size_t)n >= sizeof(done))
		return -E2BIG;
	return expand(x, done, tail);
}

static int
expand_list(struct expansion *x, const char *head, const char *list, const char *tail)
{
	const char *p = list;
	unsigned long lo, hi, step, v;
	int rc;

	do {
		rc = range(&p, &lo, &hi, &step);
		if (rc < 0)
			return rc;
		for (v = lo; v <= hi; v += step) {
			rc = expand_value(x, head, v, tail);
			if (rc < 0)
				return rc;
		}
	} while (*p++ == ',');
	return 0;
}

static int
expand(struct expansion *x, const char *head, const char *text)
{
	const char *open = strchr(text, '[');
	char done[NIDLIST_TEXT_MAX];
	const char *end;
	int n;

	if (open == NULL) {
		if (strchr(text, ']') != NULL)
			return -EINVAL;
		n = snprintf(done, sizeof(done), "%s%s", head, text);
		if (n < 0 || (size_t)n >= sizeof(done) || x->n == NIDLIST_MAX)
			return -E2BIG;
		x->n++;
		return x->each(x->ctx, done);
	}
	end = strchr(open, ']');
	if (end == NULL || end == open + 1)
		return -EINVAL;
	n = snprintf(done, sizeof(done), "%s%.*s", head, (int)(open - text), text);
	if (n < 0 || (size_t)n >= sizeof(done))
		return -E2BIG;
	return expand_list(x, done, open + 1, end + 1);
}

int
nidlist_expand(const char *text, int (*each)(void *ctx, const char *item), void *ctx)
{
	struct expansion x = {.each = each, .ctx = ctx};

	if (strlen(text) >= NIDLIST_TEXT_MAX)
		return -E2BIG;
	return expand(&x, "", text);
}

/* --- comma lists of NIDs --- */

struct nidlist {
	struct lnet_nid *nids;
	unsigned int n, max;
};

static int
nidlist_add(void *ctx, const char *item)
{
	struct nidlist *l = ctx;
	int rc;

	if (l->n == l->max)
		return -E2BIG;
	rc = lnet_nid_parse(item, &l->nids[l->n]);
	if (rc == 0)
		l->n++;
	return rc;
}

static const char *
nidlist_why(const char *item, int rc)
{
	if (strchr(item, '*') != NULL)
		return "asterisk not allowed in nidstring";
	if (rc == -E2BIG)
		return "Unable to parse nidlist: specifies more NIDs than allowed";
	if (rc == -ERANGE)
		return "\"Unable to parse nidlist: range is wrong order\"";
	if (strchr(item, '@') == NULL)
		return "\"Unable to parse nidlist: no valid NIDs in string\"";
	return "\"Unable to parse nidlist: invalid NID in nidstr\"";
}

/* Copy the next element of a comma list whose commas inside brackets do not count. */
static const char *
element(const char *p, char *item, size_t size)
{
	size_t n = 0;
	int depth = 0;

	for (; *p != '\0' && (*p != ',' || depth > 0); p++) {
		if (*p == '[')
			depth++;
		else if (*p == ']')
			depth--;
		if (n + 1 < size && !isspace((unsigned char)*p))
			item[n++] = *p;
	}
	item[n] = '\0';
	return *p == ',' ? p + 1 : NULL;
}

int
nidlist_parse(const char *text, struct lnet_nid *nids, unsigned int max, char *why,
	      unsigned int why_size)
{
	struct nidlist l = {.nids = nids, .max = max};
	char item[NIDLIST_TEXT_MAX];
	const char *p = text;
	int rc;

	if (strlen(text) >= sizeof(item)) {
		snprintf(why, why_size, "%s", nidlist_why("@", -E2BIG));
		return -E2BIG;
	}
	while (p != NULL) {
		p = element(p, item, sizeof(item));
		rc = strchr(item, '@') == NULL || strchr(item, '*') != NULL
			? -EINVAL
			: nidlist_expand(item, nidlist_add, &l);
		if (rc < 0) {
			snprintf(why, why_size, "%s", nidlist_why(item, rc));
			return rc;
		}
	}
	return (int)l.n;
}
