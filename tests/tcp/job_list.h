/* SPDX-License-Identifier: BSD-3-Clause */
/* Jobs of a command line, and the last words of a program about them: what both have in common. */
#pragma once

#include "tests/tcp/job.h"

struct job_list {
	struct job jobs[JOBS_MAX];
	unsigned int n;
};

/* --serve TEXT or --connect TEXT. Return: 0, -EINVAL with a word on stderr. */
int job_list_add(struct job_list *l, const char *option, char *text);

/*
 * The client job to work on, one after another, or NULL when all are done. Any job that knows its count is told on stdout as
 * it ends.
 */
struct job *job_list_next(struct job_list *l);

/* Some job serves: the program goes on until a signal comes. */
bool job_list_serves(const struct job_list *l);

/* Members "connect" and "serve" of an object of JSON. */
void job_list_print(const struct job_list *l, FILE *f);

/* SIGTERM, SIGINT and @more (0 = none) are blocked. Return: a descriptor that reads them, or -errno. */
int job_signals(int more);
