/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lnetctl, lctl and lustre_rmmod share: the connection, the command shell, errors as the tools print them.
 */
#pragma once

#include "app/ctl/client.h"
#include "app/ctl/yaml_out.h"

#include <stdbool.h>

/* State of one run of a tool. */
struct tool {
	const char *name; /* "lnetctl" */
	struct client *client; /* made by the first command that needs it */
	bool json; /* --json: print replies as they are */
	bool ignore_errors; /* a script goes on after a failure */
	bool interactive;
	char net[32]; /* lctl: the selected net */
};

/* A command or, with @sub, a group of them. Tables end with a name of NULL. */
struct command {
	const char *name;
	/* @argv[0] is the command's name. Return: 0 or a negative number, the exit code's source. */
	int (*run)(struct tool *t, int argc, char **argv);
	const struct command *sub;
	int min_words; /* words behind the name without which help is printed */
	const char *help; /* "add: add a network\n\t--net: ..." */
};

/*
 * Run @argv (the words behind the tool's options), or commands from stdin when there are none.
 * Return: result of the last command, or of the first that failed.
 */
int shell_run(struct tool *t, const struct command *cmds, int argc, char **argv);

/* Connect once. Return: true, or false with the reason on stderr. */
bool tool_connect(struct tool *t);

/*
 * Requests that print what goes wrong with the connection. NULL then. With t->json the reply is printed here.
 * The caller frees the reply.
 */
struct node *tool_call(struct tool *t, const char *cmd, const struct params *p);
struct node *tool_list(struct tool *t, const char *cmd, const struct params *p);

/* Error documents, on stderr: shape A (framed; entity beside errno) and B (nested), control spec section 3. */
void error_a(const char *op, const char *entity, int rc, const char *descr);
void error_b(const char *op, const char *entity, int rc, const char *descr);

/* A request that changes something. Failure: shape A. Return: 0, -EINVAL (as the tools collapse it). */
int tool_change(struct tool *t, const char *cmd, const struct params *p, const char *op,
		const char *entity);
