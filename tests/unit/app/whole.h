/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole program in a test: the real start steps on a null port, in a process of its own, since EAL starts once in one.
 */
#pragma once

#include "app/router/app.h"

/* EAL with a null port. Return: 0 or -1. */
int whole_eal_init(void);

/* Options of a small router on that port, nothing started. */
void whole_init(struct app *app);

/* start_run() of everything; the port is put in again where an earlier stop closed it. Return: 0 or -errno. */
int whole_start(struct app *app, const struct start_step *steps);

/* Mempools that exist. */
unsigned int whole_pools(void);

/* Run @fn in a process of its own. Return: its result. */
int whole_in_child(int (*fn)(unsigned int arg), unsigned int arg);
