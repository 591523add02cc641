/* SPDX-License-Identifier: BSD-3-Clause */
/* What the peer prints: one line of JSON. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct node;
struct load;

/*
 * Print one line: who we are, the loads of a command (may be none), open connections, scenario
 * results, counters.
 * @ok	the verdict.
 */
void report(struct node *n, const char *command, struct load *loads, int n_loads, bool ok, FILE *f);
