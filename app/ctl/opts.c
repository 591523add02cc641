/* SPDX-License-Identifier: BSD-3-Clause */
/* Options into request parameters. */
#include "app/ctl/opts.h"

#include "app/ctl/lnetctl.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTS_MAX 16

/* getopt's own tables out of ours. Return: number of options. */
static int
tables(const struct opt *opts, struct option *lng, char *shrt)
{
	int i;

	*shrt++ = ':';
	for (i = 0; i < OPTS_MAX && opts[i].name != NULL; i++) {
		bool arg = opts[i].kind == OPT_TEXT || opts[i].kind == OPT_NUMBER;

		lng[i] = (struct option){
			.name = opts[i].name,
			.has_arg = arg			      ? required_argument
				: opts[i].kind == OPT_VERBOSE ? optional_argument
							      : no_argument,
			.val = 1000 + i,
		};
		if (opts[i].letter == 0)
			continue;
		*shrt++ = opts[i].letter;
		if (arg)
			*shrt++ = ':';
	}
	lng[i] = (struct option){0};
	*shrt = '\0';
	return i;
}

int
opts_number(const char *text, long long min, long long max, long long *v)
{
	char *end;

	errno = 0;
	*v = strtoll(text, &end, 0);
	return errno != 0 || end == text || *end != '\0' || *v < min || *v > max ? -EINVAL : 0;
}

static int
number(const struct opt *o, const char *text, struct params *p)
{
	long long v;

	if (opts_number(text, o->min, o->max, &v) < 0) {
		fprintf(stderr, "--%s '%s': a whole number from %lld to %lld is allowed\n", o->name,
			text, o->min, o->max);
		return -EINVAL;
	}
	params_add_int(p, o->param, v);
	return 0;
}

static const struct opt *
by_value(const struct opt *opts, int n, int value)
{
	int i;

	if (value >= 1000)
		return &opts[value - 1000];
	for (i = 0; i < n; i++)
		if (opts[i].letter == value)
			return &opts[i];
	return NULL;
}

int
opts_read(int argc, char **argv, const struct opt *opts, struct params *p, int *verbose)
{
	struct option lng[OPTS_MAX + 1];
	char shrt[2 * OPTS_MAX + 2];
	int n = tables(opts, lng, shrt), c;
	const struct opt *o;

	optind = 0; /* glibc: start over, also inside a script of commands */
	while ((c = getopt_long(argc, argv, shrt, lng, NULL)) != -1) {
		o = c == '?' || c == ':' ? NULL : by_value(opts, n, c);
		if (o == NULL) {
			fprintf(stderr, "%s: %s '%s'\n", argv[0],
				c == ':' ? "a value is missing behind" : "unknown option",
				argv[optind - 1]);
			return -EINVAL;
		}
		if (o->kind == OPT_TEXT)
			params_add(p, o->param, optarg);
		else if (o->kind == OPT_FLAG)
			params_add_int(p, o->param, 1);
		else if (o->kind == OPT_VERBOSE)
			*verbose = verbose_level(argc, argv, optarg, &optind);
		else if (number(o, optarg, p) < 0)
			return -EINVAL;
	}
	return optind;
}
