/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands /tcp/stats and /tcp/conns. */
#pragma once

struct lcore;
struct tcp;
struct tel;

/*
 * Register the commands over the engines of all workers, @n >= 1 of them; @lcores are theirs, in the same order. Both
 * arrays must stay until tcp_tel_unregister(). Thread: control, before the workers run.
 * Return: 0, -EEXIST, -ENOMEM.
 */
int tcp_tel_register(struct tcp **engines, unsigned int n, struct lcore **lcores, struct tel *t);

/* Thread: control. */
void tcp_tel_unregister(struct tcp **engines, struct tel *t);
