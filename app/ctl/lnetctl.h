/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands of lnetctl; each is a struct command's run(). Facts: control spec section 4. */
#pragma once

#include "app/ctl/tool.h"

/* cmd_net.c */
int lnet_configure_cmd(struct tool *t, int argc, char **argv);
int lnet_unconfigure_cmd(struct tool *t, int argc, char **argv);
int net_add_cmd(struct tool *t, int argc, char **argv);
int net_del_cmd(struct tool *t, int argc, char **argv);
int net_show_cmd(struct tool *t, int argc, char **argv);

/* cmd_route.c */
int route_add_cmd(struct tool *t, int argc, char **argv);
int route_del_cmd(struct tool *t, int argc, char **argv);
int route_show_cmd(struct tool *t, int argc, char **argv);
int routing_show_cmd(struct tool *t, int argc, char **argv);

/* cmd_show.c */
int peer_show_cmd(struct tool *t, int argc, char **argv);
int peer_list_cmd(struct tool *t, int argc, char **argv);
int stats_show_cmd(struct tool *t, int argc, char **argv);
int stats_reset_cmd(struct tool *t, int argc, char **argv);
int global_show_cmd(struct tool *t, int argc, char **argv);
int set_cmd(struct tool *t, int argc, char **argv);

/* cmd_ping.c */
int ping_cmd(struct tool *t, int argc, char **argv);

/* cmd_export.c */
int export_cmd(struct tool *t, int argc, char **argv);

/* cmd_port.c */
int port_list_cmd(struct tool *t, int argc, char **argv);
int port_show_cmd(struct tool *t, int argc, char **argv);
int port_ping_cmd(struct tool *t, int argc, char **argv);
int port_neigh_cmd(struct tool *t, int argc, char **argv);
int port_capture_cmd(struct tool *t, int argc, char **argv);

/* cmd_debug.c */
int debug_drops_cmd(struct tool *t, int argc, char **argv);
int debug_conns_cmd(struct tool *t, int argc, char **argv);
int debug_workers_cmd(struct tool *t, int argc, char **argv);
int debug_memory_cmd(struct tool *t, int argc, char **argv);
int debug_info_cmd(struct tool *t, int argc, char **argv);

/* --- what they share (show.c) --- */

struct opt;

/*
 * The list that @opts select of what @cmd answers, below @top in dialect A; @shape, if not NULL, works on it first.
 * Return: 0; -EINVAL after a document or a message.
 */
int show_selected(struct tool *t, int argc, char **argv, const struct opt *opts, const char *cmd,
		  const char *top, void (*shape)(struct node *data));

/*
 * Print reply->data below the key @top in dialect A or B. Nothing for an empty list; with t->json nothing (it was
 * printed already). Takes @reply over.
 */
void show_data(const struct tool *t, struct node *reply, const char *top,
	       const struct yaml_dialect *d);

/* The list of a peer's NIDs is "peer ni" here and "peer_ni" in ping: it gets its name. @data may be NULL. */
void show_name_peer_nis(struct node *data);

/* A net whose interfaces came in two pages is in the list twice, one behind the other: it is joined. @data may be NULL. */
void show_join_nets(struct node *data);

/* The routing and buffers sections of a /lnet/routing/show reply: @backup writes only "enable". Takes @reply over. */
void show_routing(struct node *reply, bool backup, FILE *f);

/* `--verbose [N]` with the number as the next word. @i is the option's position. Return: level. */
int verbose_level(int argc, char **argv, const char *optarg_text, int *optind_p);
