/* SPDX-License-Identifier: BSD-3-Clause */
/* The command shell of the tools: words on the command line, a script or a person on stdin (control spec section 2). */
#include "app/ctl/tool.h"
#include "version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 64

static void
print_help(const struct command *c, const char *group, FILE *f)
{
	const struct command *s;

	if (c->sub == NULL) {
		fprintf(f, "%s%s%s\n", group, *group != '\0' ? " " : "", c->help);
		return;
	}
	for (s = c->sub; s->name != NULL; s++)
		print_help(s, c->name, f);
}

static void
list_commands(const struct command *cmds)
{
	unsigned int i;

	for (i = 0; cmds[i].name != NULL; i++)
		printf("%-20s%s", cmds[i].name, i % 4 == 3 || cmds[i + 1].name == NULL ? "\n" : "");
}

/* Exact name; where a person types, also a unique beginning. */
static const struct command *
find(const struct command *cmds, const char *word, bool abbreviate)
{
	const struct command *c, *found = NULL;
	unsigned int n = 0;

	for (c = cmds; c->name != NULL; c++) {
		if (strcmp(c->name, word) == 0)
			return c;
		if (strncasecmp(c->name, word, strlen(word)) == 0) {
			found = c;
			n++;
		}
	}
	return abbreviate && n == 1 ? found : NULL;
}

static int
unknown(const struct tool *t, const char *word)
{
	fprintf(stderr, "%s: '%s' is not a valid command. See '%s --list-commands'.\n", t->name,
		word, t->name);
	return -1;
}

static int
help(struct tool *t, const struct command *cmds, int argc, char **argv)
{
	const struct command *c = cmds;
	const char *group = "";
	int i;

	if (argc < 2) {
		printf("usage: %s [COMMAND [ARGS]]; commands:\n", t->name);
		list_commands(cmds);
		return 0;
	}
	for (i = 1; i < argc; i++) {
		c = find(cmds, argv[i], t->interactive);
		if (c == NULL)
			return unknown(t, argv[i]);
		if (c->sub == NULL || i + 1 == argc)
			break;
		group = c->name;
		cmds = c->sub;
	}
	print_help(c, group, stderr);
	return 0;
}

/* Return: true when @argv[0] was a word of the shell's own. */
static bool
builtin(struct tool *t, const struct command *cmds, int argc, char **argv, int *rc)
{
	const char *w = argv[0];

	*rc = 0;
	if (strcmp(w, "help") == 0 || strcmp(w, "--help") == 0)
		*rc = help(t, cmds, argc, argv);
	else if (strcmp(w, "version") == 0 || strcmp(w, "--version") == 0)
		printf("%s %s\n", t->name, ROUTER_VERSION);
	else if (strcmp(w, "list-commands") == 0 || strcmp(w, "--list-commands") == 0)
		list_commands(cmds);
	else if (strcmp(w, "ignore_errors") == 0 || strcmp(w, "--ignore_errors") == 0)
		t->ignore_errors = true;
	else
		return false;
	return true;
}

static bool
asks_help(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0;
}

static int
run_words(struct tool *t, const struct command *cmds, int argc, char **argv)
{
	const struct command *c;
	const char *group = "";
	int rc;

	if (builtin(t, cmds, argc, argv, &rc))
		return rc;
	for (;;) {
		c = find(cmds, argv[0], t->interactive);
		if (c == NULL)
			return unknown(t, argv[0]);
		if (c->sub == NULL)
			break;
		if (argc < 2 || asks_help(argv[1])) {
			print_help(c, "", stdout);
			return argc < 2 ? -EINVAL : 1;
		}
		group = c->name;
		cmds = c->sub;
		argc--;
		argv++;
	}
	if (argc == 2 && asks_help(argv[1])) {
		print_help(c, group, stdout);
		return *group != '\0' ? 1 : 0;
	}
	if (argc - 1 < c->min_words) {
		print_help(c, group, stdout);
		return -EINVAL;
	}
	return c->run(t, argc, argv);
}

static int
run_line(struct tool *t, const struct command *cmds, char *line, bool *end)
{
	char *words[WORDS_MAX + 1], *save;
	int n = 0;

	for (words[0] = strtok_r(line, " \t\r\n", &save); n < WORDS_MAX && words[n] != NULL;)
		words[++n] = strtok_r(NULL, " \t\r\n", &save);
	words[n] = NULL;
	if (n == 0)
		return 0;
	*end = strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0;
	return *end ? 0 : run_words(t, cmds, n, words);
}

static int
run_stdin(struct tool *t, const struct command *cmds)
{
	char *line = NULL;
	size_t size = 0;
	bool end = false;
	int rc = 0, first = 0;

	t->interactive = isatty(STDIN_FILENO);
	while (!end) {
		if (t->interactive) {
			printf("> ");
			fflush(stdout);
		}
		if (getline(&line, &size, stdin) < 0)
			break;
		rc = run_line(t, cmds, line, &end);
		if (rc != 0 && first == 0)
			first = rc;
		if (rc != 0 && !t->interactive && !t->ignore_errors)
			break;
	}
	free(line);
	return t->interactive ? rc : first;
}

int
shell_run(struct tool *t, const struct command *cmds, int argc, char **argv)
{
	if (argc == 0)
		return run_stdin(t, cmds);
	return run_words(t, cmds, argc, argv);
}
