/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/tcp/flow.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define PACE_NS 10000000 /* a slow reader never reads more at once than in so much time */

void
flow_begin(struct flow *f, struct job *job, uint64_t seed, uint64_t now)
{
	*f = (struct flow){.job = job, .began = now, .progress_at = now};
	stream_tx_init(&f->tx, seed, job->send);
	job->started++;
	job->running++;
}

static uint64_t
received(const struct flow *f)
{
	return f->job->echo ? f->echoed_in : f->rx.off;
}

uint32_t
flow_may_read(struct flow *f, uint64_t now)
{
	const struct job *j = f->job;
	uint64_t n, burst;

	if (j->pause_ms > 0 && received(f) >= j->pause_at) {
		if (f->paused_until == 0)
			f->paused_until = now + j->pause_ms * 1000000;
		if (now < f->paused_until)
			return 0;
	}
	if (j->rate == 0)
		return UINT32_MAX;
	n = (uint64_t)((double)(now - f->began) * (double)j->rate / 1e9);
	n = n > received(f) ? n - received(f) : 0;
	burst = j->rate / (1000000000 / PACE_NS) + 1;
	return (uint32_t)(n < burst ? n : burst);
}

static void
progress(struct flow *f, uint64_t now)
{
	uint64_t gap = now - f->progress_at;

	if (gap > f->job->gap_ns)
		f->job->gap_ns = gap;
	f->progress_at = now;
}

void
flow_got(struct flow *f, const void *data, uint32_t n, uint64_t now)
{
	if (n == 0)
		return;
	progress(f, now);
	f->job->bytes_in += n;
	if (data == NULL)
		f->echoed_in += n;
	else
		stream_rx_put(&f->rx, data, n);
}

void
flow_put(struct flow *f, uint32_t n, uint64_t now)
{
	if (n == 0)
		return;
	progress(f, now);
	f->job->bytes_out += n;
	if (f->job->echo)
		f->echoed_out += n;
	else
		stream_tx_advance(&f->tx, n);
}

bool
flow_is_whole(const struct flow *f)
{
	if (f->job->echo)
		return f->eof && f->echoed_in == f->echoed_out;
	return f->rx.wrong == 0 && stream_rx_done(&f->rx) && stream_tx_done(&f->tx);
}

void
flow_end(struct flow *f, int err)
{
	struct job *j = f->job;

	j->running--;
	if (f->rx.wrong != 0) {
		j->corrupt++;
		job_error(j, "byte %llu is wrong", (unsigned long long)f->rx.wrong - 1);
	} else if (!flow_is_whole(f)) {
		j->cut++;
		job_error(j, "ended (%s) with %llu of %llu bytes received, %llu of %llu sent",
			  strerror(-err), (unsigned long long)f->rx.off,
			  (unsigned long long)f->rx.len, (unsigned long long)f->tx.off,
			  (unsigned long long)f->tx.len);
	} else if (err != (j->end == JOB_AWAIT_RESET ? -ECONNRESET : 0)) {
		j->failed++;
		job_error(j, "all bytes were there, then: %s", strerror(-err));
	} else {
		j->ok++;
	}
}

uint64_t
flow_seed(void)
{
	uint64_t seed = 0;

	/* never short for so few bytes, and never before the kernel's generator is ready */
	return getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ? seed : 0;
}
