/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/tcp/job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum key {
	KEY_PORT,
	KEY_TO,
	KEY_FROM,
	KEY_PORTS,
	KEY_COUNT,
	KEY_PARALLEL,
	KEY_SEND,
	KEY_CHUNK,
	KEY_RATE,
	KEY_PAUSE_AT,
	KEY_PAUSE_MS,
	KEY_ECHO,
	KEY_END,
};

static char *const keys[] = {
	[KEY_PORT] = "port",	     [KEY_TO] = "to",
	[KEY_FROM] = "from",	     [KEY_PORTS] = "ports",
	[KEY_COUNT] = "count",	     [KEY_PARALLEL] = "parallel",
	[KEY_SEND] = "send",	     [KEY_CHUNK] = "chunk",
	[KEY_RATE] = "rate",	     [KEY_PAUSE_AT] = "pause_at",
	[KEY_PAUSE_MS] = "pause_ms", [KEY_ECHO] = "echo",
	[KEY_END] = "end",	     NULL,
};

static int
number(const char *text, uint64_t max, uint64_t *out)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	if (text == NULL || *text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*out = strtoull(text, &end, 10);
	unit = *end != '\0' ? strchr(units, *end) : NULL;
	if (unit != NULL) {
		*out <<= 10 * (unit - units + 1);
		end++;
	}
	return errno == 0 && *end == '\0' && *out <= max ? 0 : -EINVAL;
}

static int
set_end(struct job *j, const char *text)
{
	static const char *const names[] = {
		[JOB_LAST] = "last",
		[JOB_FIRST] = "first",
		[JOB_RESET] = "reset",
		[JOB_AWAIT_RESET] = "await_reset",
	};
	unsigned int i;

	for (i = 0; text != NULL && i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(text, names[i]) == 0) {
			j->end = (enum job_end)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int
set(struct job *j, int key, const char *value)
{
	uint64_t n = 0;

	if (key == KEY_TO || key == KEY_END || key == KEY_ECHO) {
		if (key == KEY_END)
			return set_end(j, value);
		if (key == KEY_ECHO)
			j->echo = value == NULL;
		else if (value != NULL)
			snprintf(j->to, sizeof(j->to), "%s", value);
		return (value == NULL) == (key == KEY_ECHO) ? 0 : -EINVAL;
	}
	if (number(value, key <= KEY_PORTS ? UINT16_MAX : UINT64_MAX >> 20, &n) < 0)
		return -EINVAL;
	switch (key) {
	case KEY_PORT:
		j->port = (uint16_t)n;
		break;
	case KEY_FROM:
		j->from = (uint16_t)n;
		break;
	case KEY_PORTS:
		j->ports = (uint32_t)n;
		break;
	case KEY_COUNT:
		j->count = (uint32_t)n;
		break;
	case KEY_PARALLEL:
		j->parallel = (uint32_t)n;
		break;
	case KEY_SEND:
		j->send = n;
		break;
	case KEY_CHUNK:
		j->chunk = (uint32_t)n;
		break;
	case KEY_RATE:
		j->rate = n;
		break;
	case KEY_PAUSE_AT:
		j->pause_at = n;
		break;
	case KEY_PAUSE_MS:
		j->pause_ms = n;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

int
job_parse(struct job *j, bool is_client, char *text)
{
	char *value;
	int key;

	*j = (struct job){
		.is_client = is_client,
		.from = 40000,
		.ports = 1,
		.count = is_client,
		.parallel = 1,
		.chunk = 65536,
	};
	while (*text != '\0') {
		key = getsubopt(&text, keys, &value);
		if (set(j, key, value) < 0)
			return -EINVAL;
	}
	if (j->port == 0 || (is_client && j->count == 0) || is_client != (*j->to != '\0') ||
	    j->chunk == 0 || j->parallel == 0 || j->ports < j->parallel ||
	    (j->echo && (is_client || j->send != 0)))
		return -EINVAL;
	return 0;
}

void
job_error(struct job *j, const char *fmt, ...)
{
	va_list ap;

	if (*j->error != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(j->error, sizeof(j->error), fmt, ap);
	va_end(ap);
}

bool
job_is_done(const struct job *j)
{
	return j->count != 0 && j->started == j->count && j->running == 0;
}

void
job_print(const struct job *j, FILE *f)
{
	fprintf(f,
		"{\"port\":%u,\"started\":%" PRIu64 ",\"running\":%" PRIu64 ",\"ok\":%" PRIu64
		",\"corrupt\":%" PRIu64 ",\"cut\":%" PRIu64 ",\"failed\":%" PRIu64
		",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64 ",\"gap_ms\":%" PRIu64
		",\"error\":\"%s\"}",
		j->port, j->started, j->running, j->ok, j->corrupt, j->cut, j->failed, j->bytes_in,
		j->bytes_out, j->gap_ns / 1000000, j->error);
}
