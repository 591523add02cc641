/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `networks` parameter: list = net [ "(" if { "," if } ")" ] [ "[" cpts "]" ], control spec 7.2. Pure.
 */
#include "cfg/modparams.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const char *text, *p;
	unsigned int n_cpts;
	struct lnet_net_conf *nets;
	unsigned int n, max;
	char *why;
	unsigned int why_size;
};

static int __attribute__((format(printf, 3, 4)))
fail(struct parser *s, int rc, const char *fmt, ...)
{
	char reason[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	snprintf(s->why, s->why_size, "networks=\"%s\": at column %u: %s", s->text,
		 (unsigned int)(s->p - s->text) + 1, reason);
	return rc;
}

static void
skip_blanks(struct parser *s)
{
	while (isspace((unsigned char)*s->p))
		s->p++;
}

static bool
accept_char(struct parser *s, char c)
{
	skip_blanks(s);
	if (*s->p != c)
		return false;
	s->p++;
	return true;
}

/* Characters up to a separator. Return: length, 0 = none or too long. */
static size_t
word(struct parser *s, char *out, size_t size)
{
	size_t n;

	skip_blanks(s);
	n = strcspn(s->p, "(),[] \t\n");
	if (n >= size)
		return 0;
	memcpy(out, s->p, n);
	out[n] = '\0';
	return n;
}

/* An optional "[0,1-3]" has to name every CPT. */
static int
cpt_list(struct parser *s)
{
	uint64_t set = 0, all = s->n_cpts == 64 ? UINT64_MAX : (UINT64_C(1) << s->n_cpts) - 1;
	unsigned long lo, hi, step;
	char *end;

	if (!accept_char(s, '['))
		return 0;
	do {
		skip_blanks(s);
		lo = strtoul(s->p, &end, 10);
		if (end == s->p)
			return fail(s, -EINVAL, "a CPT number is expected");
		hi = lo;
		step = 1;
		s->p = end;
		if (*s->p == '-') {
			hi = strtoul(s->p + 1, &end, 10);
			s->p = end;
			if (*s->p == '/') {
				step = strtoul(s->p + 1, &end, 10);
				s->p = end;
			}
		}
		if (hi < lo || step == 0 || hi >= s->n_cpts)
			return fail(s, -EINVAL, "CPT numbers are 0 to %u", s->n_cpts - 1);
		for (; lo <= hi; lo += step)
			set |= UINT64_C(1) << lo;
	} while (accept_char(s, ','));
	if (!accept_char(s, ']'))
		return fail(s, -EINVAL, "']' is expected");
	if (set != all)
		return fail(s, -EINVAL, "an interface serves all CPTs; leave the CPT list out");
	return 0;
}

static int
add(struct parser *s, uint32_t net, const char *ifname)
{
	struct lnet_net_conf *c = &s->nets[s->n];
	unsigned int i;

	if (net >> 16 == LNET_TYPE_LO)
		return 0;
	for (i = 0; i < s->n; i++)
		if (s->nets[i].net == net && strcmp(s->nets[i].ifname, ifname) == 0)
			return fail(s, -EINVAL, "interface '%s' is given twice for one network",
				    ifname);
	if (s->n == s->max)
		return fail(s, -E2BIG, "more than %u network interfaces", s->max);
	*c = (struct lnet_net_conf){.net = net};
	snprintf(c->ifname, sizeof(c->ifname), "%s", ifname);
	lnet_ni_tunables_unset(&c->tun);
	s->n++;
	return 0;
}

static int
interfaces(struct parser *s, uint32_t net)
{
	char name[LNET_IFNAME_MAX];
	int rc;

	do {
		if (word(s, name, sizeof(name)) == 0)
			return fail(s, -EINVAL,
				    "an interface name of 1 to %d characters is expected",
				    LNET_IFNAME_MAX - 1);
		rc = add(s, net, name);
		if (rc < 0)
			return rc;
		s->p += strlen(name);
		rc = cpt_list(s);
		if (rc < 0)
			return rc;
	} while (accept_char(s, ','));
	return accept_char(s, ')') ? 0 : fail(s, -EINVAL, "',' or ')' is expected");
}

static int
netspec(struct parser *s)
{
	char name[LNET_NET_STR_MAX];
	uint32_t net;
	int rc;

	if (word(s, name, sizeof(name)) == 0)
		return fail(s, -EINVAL, "a network such as tcp or tcp1 is expected");
	if (lnet_net_parse(name, &net) < 0)
		return fail(
			s, -EINVAL,
			"unknown network '%s': a type such as tcp with a number 0 to 65535 is allowed",
			name);
	s->p += strlen(name);
	rc = accept_char(s, '(') ? interfaces(s, net) : add(s, net, "");
	return rc < 0 ? rc : cpt_list(s);
}

int
modparams_networks(const char *text, unsigned int n_cpts, struct lnet_net_conf *nets,
		   unsigned int max, char *why, unsigned int why_size)
{
	struct parser s = {
		.text = text,
		.p = text,
		.n_cpts = n_cpts,
		.nets = nets,
		.max = max,
		.why = why,
		.why_size = why_size,
	};
	int rc;

	if (strlen(text) >= MODPARAMS_TEXT_MAX)
		return fail(&s, -E2BIG, "the text is longer than %d characters",
			    MODPARAMS_TEXT_MAX - 1);
	do {
		rc = netspec(&s);
		if (rc < 0)
			return rc;
	} while (accept_char(&s, ','));
	skip_blanks(&s);
	return *s.p == '\0' ? (int)s.n : fail(&s, -EINVAL, "',' or the end is expected");
}
