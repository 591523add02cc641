/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lustre_rmmod: ask the router to give its ports back and end. Refused while LNet is configured: then it prints what is
 * held and changes nothing (control spec section 9.3).
 */
#include "app/ctl/tool.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_S 60

/* Return: seconds, -1 when @text is none. */
static long
seconds(const char *text)
{
	char *end;
	long v = text != NULL ? strtol(text, &end, 10) : -1;

	return text != NULL && end != text && *end == '\0' && v >= 0 && v <= 86400 ? v : -1;
}

static int
usage(const char *invalid)
{
	if (invalid != NULL)
		fprintf(stderr, "Error invalid option '%s'\n", invalid);
	fprintf(stderr, "usage: lustre_rmmod [-f|--force] [-w|--wait SECONDS] [-h|--help]\n");
	return 2;
}

static void
print_held(const struct node *reply)
{
	const struct node *line = node_get(reply, "held");

	printf("Modules still loaded:\n");
	for (line = line != NULL ? line->first : NULL; line != NULL; line = line->next)
		printf("%s\n", line->text);
}

/* The process ends after its answer: the ports are free when it is gone. Return: true when it went in time. */
static bool
wait_gone(pid_t pid, long seconds)
{
	struct timespec step = {.tv_nsec = 20000000};
	long i;

	for (i = 0; i < seconds * 50; i++) {
		if (pid <= 0 || (kill(pid, 0) < 0 && errno == ESRCH))
			return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static int
release(struct tool *t, bool force, long wait_s)
{
	struct node *reply;
	struct params p;
	pid_t pid;
	int rc;

	reply = tool_call(t, "/app/info", NULL);
	if (reply == NULL)
		return 1;
	pid = (pid_t)node_int(reply, "pid", 0);
	node_free(reply);
	params_init(&p);
	params_add_int(&p, "force", force);
	reply = tool_call(t, "/lnet/release", &p);
	if (reply == NULL)
		return 1;
	rc = (int)node_int(reply, "rc", -EPROTO);
	if (rc == -EBUSY && node_get(reply, "held") != NULL)
		print_held(reply);
	else if (rc < 0)
		fprintf(stderr, "lustre_rmmod: %s\n", node_text(reply, "descr", strerror(-rc)));
	node_free(reply);
	if (rc < 0)
		return 1;
	if (wait_gone(pid, wait_s))
		return 0;
	fprintf(stderr, "lustre_rmmod: the router (process %d) still runs after %ld s\n", (int)pid,
		wait_s);
	return 1;
}

/* Is there a router at all? Nothing loaded is fine. */
static bool
nothing_loaded(struct tool *t)
{
	char why[600];

	return client_open(&t->client, why, sizeof(why)) == -ENOENT;
}

int
main(int argc, char **argv)
{
	struct tool t = {.name = "lustre_rmmod"};
	const char *env = getenv("LUSTRE_RMMOD_WAIT");
	long wait_s = seconds(env) >= 0 ? seconds(env) : WAIT_S;
	bool force = false;
	int i, rc;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			usage(NULL);
			return 0;
		}
		if (strcmp(argv[i], "-f") == 0 || strcmp(argv[i], "--force") == 0)
			force = true;
		else if (strcmp(argv[i], "-w") == 0 || strcmp(argv[i], "--wait") == 0) {
			wait_s = seconds(argv[++i]);
			if (wait_s < 0) {
				fprintf(stderr, "Error: --wait needs number of seconds\n");
				return 2;
			}
		} else if (argv[i][0] == '-') {
			return usage(argv[i]);
		}
	}
	if (nothing_loaded(&t))
		return 0;
	rc = release(&t, force, wait_s);
	client_close(t.client);
	return rc;
}
