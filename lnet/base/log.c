/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines over rte_log. */
#include "lnet/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[LOG_TYPES] = {
	[LOG_T_BASE] = "lnet.base",	  [LOG_T_ETHER] = "lnet.ether", [LOG_T_TCP] = "lnet.tcp",
	[LOG_T_SOCKLND] = "lnet.socklnd", [LOG_T_LNET] = "lnet.core",	[LOG_T_CFG] = "lnet.cfg",
	[LOG_T_APP] = "lnet.app",
};

/* What an operator sees before the text: the words of LNet's own log. */
static const char *const prefix[LOG_TYPES] = {
	[LOG_T_BASE] = "LNet",	     [LOG_T_ETHER] = "ether", [LOG_T_TCP] = "tcp",
	[LOG_T_SOCKLND] = "socklnd", [LOG_T_LNET] = "LNet",   [LOG_T_CFG] = "config",
	[LOG_T_APP] = "router",
};

/*
 * rte_log keeps the level of each type by name: rte_log_register() returns the same number for the same name, so
 * no table of numbers has to be kept here.
 */
static int
type_of(enum log_type type)
{
	return rte_log_register(names[type]);
}

int
log_init(void)
{
	unsigned int i;

	for (i = 0; i < LOG_TYPES; i++)
		if (rte_log_register_type_and_pick_level(names[i], RTE_LOG_INFO) < 0)
			return -ENOMEM;
	return 0;
}

int
log_set_level(unsigned int level)
{
	unsigned int i;

	if (level < RTE_LOG_EMERG || level > RTE_LOG_MAX)
		return -EINVAL;
	for (i = 0; i < LOG_TYPES; i++)
		if (rte_log_set_level((uint32_t)type_of(i), level) < 0)
			return -EINVAL;
	return 0;
}

/* A text may quote a peer or an operator: no control character of it shall forge a line. */
static void
make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

void
log_line(enum log_type type, unsigned int level, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_printable(text);
	rte_log(level, (uint32_t)type_of(type), "%s%s: %s\n", prefix[type],
		level <= RTE_LOG_ERR		   ? " error"
			: level == RTE_LOG_WARNING ? " warning"
						   : "",
		text);
}
