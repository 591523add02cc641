/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Options of one command, as getopt_long(3) reads them (unique abbreviations allowed), written straight into request
 * parameters.
 */
#pragma once

#include "app/ctl/client.h"

#include <stdbool.h>

struct opt {
	const char *name; /* "peer-credits" */
	char letter; /* 'c'; 0 = none */
	const char *param; /* parameter of the request; NULL = see kind */
	enum {
		OPT_TEXT,
		OPT_NUMBER, /* a whole number in @min..@max */
		OPT_VERBOSE, /* --verbose [N], N may be the next word */
		OPT_FLAG, /* parameter = 1 */
	} kind;
	long long min, max;
};

/* A whole number, decimal, 0x or with a leading 0. Return: 0, -EINVAL (no number, or not in @min..@max). */
int opts_number(const char *text, long long min, long long max, long long *v);

/*
 * Read @argv (its first word is the command). @verbose gets the level, untouched without the option.
 * Words that are no options: their first position is returned.
 * Return: position of the first such word (argc when none); -EINVAL after a message on stderr that names option,
 * value and what is allowed.
 */
int opts_read(int argc, char **argv, const struct opt *opts, struct params *p, int *verbose);
