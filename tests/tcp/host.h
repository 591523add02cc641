/* SPDX-License-Identifier: BSD-3-Clause */
/* tcp-host: the router's TCP engine on a port of its own, doing the jobs of job.h. One thread. */
#pragma once

#include "bench/stack.h"
#include "lnet/base/ipaddr.h"
#include "tests/tcp/job.h"

#include <sys/queue.h>

#define HOST_BUFFER (64u << 10)

struct host_conn;
TAILQ_HEAD(host_conn_list, host_conn);

struct host_service {
	struct host *h;
	struct job *job;
};

struct host {
	struct stack stack;
	const struct buf_mem *mem;
	struct job *jobs;
	unsigned int n_jobs;
	struct host_service services[JOBS_MAX]; /* what a listener is told, by job */
	struct host_conn_list conns;
	uint64_t steps; /* connection attempts of the running job: the local port of the next */
	uint64_t lost_ns; /* time in which this program did not run, as far as it can tell */
	uint8_t buffer[HOST_BUFFER];
};

/* Listen for each job that serves, on all addresses of the interface. Return: 0, -errno. */
int host_listen(struct host *h);

/* Open what the running client job has room for. */
void host_connect(struct host *h, struct job *j, uint64_t now);

/* What time brings, every millisecond: slow readers go on, and senders that found no memory. */
void host_tick(struct host *h, uint64_t now);

/* Reset what is still open. */
void host_abort(struct host *h, uint64_t now);
