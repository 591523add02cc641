/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of a job, without the connection: which bytes go out, whether those that come are right, when it may be
 * ended, and how it went. The programs add the transport. Pure: @now is in ns.
 */
#pragma once

#include "tests/tcp/job.h"
#include "tests/tcp/stream.h"

struct flow {
	struct job *job;
	struct stream_tx tx;
	struct stream_rx rx;
	uint64_t echoed_in, echoed_out;
	uint64_t began, progress_at;
	uint64_t paused_until; /* 0 = the pause has not come yet */
	bool eof; /* the other side has closed */
};

/* @seed differs from that of any other flow. */
void flow_begin(struct flow *f, struct job *job, uint64_t seed, uint64_t now);

/* Bytes that may be read now. */
uint32_t flow_may_read(struct flow *f, uint64_t now);

/* Bytes came, or went out. @data NULL: of an echo. */
void flow_got(struct flow *f, const void *data, uint32_t n, uint64_t now);
void flow_put(struct flow *f, uint32_t n, uint64_t now);

/* All bytes went both ways, as far as this side can tell. */
bool flow_is_whole(const struct flow *f);

/* It is over. @err: 0 closed by both, -errno otherwise; the reset that the job wants from this side is 0 as well. */
void flow_end(struct flow *f, int err);

/* A seed that no other call, here or in another process, gives. */
uint64_t flow_seed(void);
