/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Log lines of the control side. Workers do not log: they count, or post an event (event.h) that the control
 * thread turns into a line here.
 */
#pragma once

#include <rte_log.h>

/* One type per module; each can be set to its own level (`--log-level lnet.tcp:debug`). */
enum log_type {
	LOG_T_BASE,
	LOG_T_ETHER,
	LOG_T_TCP,
	LOG_T_SOCKLND,
	LOG_T_LNET,
	LOG_T_CFG,
	LOG_T_APP,
	LOG_TYPES
};

/* Register the types with rte_log. Call once, before or after rte_eal_init(). Return: 0, -ENOMEM. */
int log_init(void);

/* Set the level (RTE_LOG_*) of every type. Return: 0, -EINVAL. */
int log_set_level(unsigned int level);

/*
 * One line, without a newline at its end: object, what failed, why.
 * @level	RTE_LOG_ERR: an operator must act; NOTICE: a state changed; INFO; DEBUG: for a developer.
 */
void log_line(enum log_type type, unsigned int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A file defines LOG_TYPE (enum log_type) before it uses this. */
#define LOG(level, ...) log_line(LOG_TYPE, RTE_LOG_##level, __VA_ARGS__)
