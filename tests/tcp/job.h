/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a test program is to do, as both understand it: serve streams on a port, or open so many connections to one. A job
 * sums up how its connections went. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JOBS_MAX 32
#define JOB_TEXT 192

/* Who ends a connection. Each but JOB_LAST and JOB_AWAIT_RESET waits only until all bytes went both ways. */
enum job_end {
	JOB_LAST, /* close when the other side has */
	JOB_FIRST, /* close */
	JOB_RESET, /* reset */
	JOB_AWAIT_RESET,
};

struct job {
	/* const after job_parse() */
	bool is_client;
	bool echo; /* send back what comes */
	enum job_end end;
	char to[64]; /* client: address */
	uint16_t port;
	uint16_t from; /* client: local ports from here on */
	uint32_t count; /* connections; server: 0 = however many come */
	uint32_t ports, parallel; /* client: so many local ports, so many at a time */
	uint64_t send; /* bytes of each connection */
	uint32_t chunk; /* bytes handed over at once */
	uint64_t rate; /* bytes read per second; 0 = as they come */
	uint64_t pause_at, pause_ms; /* stop reading so long behind so many bytes */

	bool is_told; /* that it is done */
	uint64_t started, running, ok;
	uint64_t corrupt; /* a byte was wrong, or one too many */
	uint64_t cut; /* ended before all bytes were there */
	uint64_t failed; /* ended in another way than wanted, all bytes were there */
	uint64_t bytes_in, bytes_out;
	uint64_t gap_ns; /* longest time without a byte either way */
	char error[JOB_TEXT]; /* the first one */
};

/*
 * Text to job: port=N,to=ADDR,from=N,ports=N,count=N,parallel=N,send=N,chunk=N,rate=N,pause_at=N,pause_ms=N,echo,
 * end=last|first|reset|await_reset. @text is destroyed. Numbers take K, M, G. Return: 0, -EINVAL.
 */
int job_parse(struct job *j, bool is_client, char *text);

/* Keep the first error of the job. */
void job_error(struct job *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

bool job_is_done(const struct job *j);

/* An object of JSON. */
void job_print(const struct job *j, FILE *f);
