/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of lnet-peer; each runs to its end and returns the exit code. */
#pragma once

#include "options.h"

enum {
	EXIT_GOOD = 0,
	EXIT_BAD = 1,
	EXIT_USAGE = 2
};

/* ping, push, put, get, both, serve. */
int command_run(const struct options *opt);

/* One raw connection that does one thing wrong, and what the other end makes of it. */
int probe_run(const struct options *opt);

/* Compare encoders with recorded frames. */
int selftest_run(char **files, int n_files);
