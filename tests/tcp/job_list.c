/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/tcp/job_list.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>

int
job_list_add(struct job_list *l, const char *option, char *text)
{
	bool connect = strcmp(option, "--connect") == 0;
	char copy[JOB_TEXT];

	snprintf(copy, sizeof(copy), "%s", text);
	if ((connect || strcmp(option, "--serve") == 0) && l->n < JOBS_MAX &&
	    job_parse(&l->jobs[l->n], connect, text) == 0) {
		l->n++;
		return 0;
	}
	fprintf(stderr, "not understood: %s %s\n", option, copy);
	return -EINVAL;
}

struct job *
job_list_next(struct job_list *l)
{
	struct job *j, *next = NULL;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		j = &l->jobs[i];
		if (next == NULL && j->is_client && !job_is_done(j))
			next = j;
		if (j->is_told || !job_is_done(j))
			continue;
		j->is_told = true;
		printf("job %u done\n", i);
		fflush(stdout);
	}
	return next;
}

bool
job_list_serves(const struct job_list *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (!l->jobs[i].is_client)
			return true;
	return false;
}

static void
print_kind(const struct job_list *l, bool is_client, FILE *f)
{
	const char *comma = "";
	unsigned int i;

	fprintf(f, "\"%s\":[", is_client ? "connect" : "serve");
	for (i = 0; i < l->n; i++) {
		if (l->jobs[i].is_client != is_client)
			continue;
		fputs(comma, f);
		job_print(&l->jobs[i], f);
		comma = ",";
	}
	fputc(']', f);
}

void
job_list_print(const struct job_list *l, FILE *f)
{
	print_kind(l, true, f);
	fputc(',', f);
	print_kind(l, false, f);
}

int
job_signals(int more)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (more != 0)
		sigaddset(&set, more);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}
