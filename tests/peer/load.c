/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Issuing operations within a window, repeating failed ones, and the numbers that a command prints.
 */
#include "load.h"

#include "node.h"
#include "options.h"
#include "pattern.h"
#include "seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 250

static void issue(struct load *l);

/* Note a failed attempt's error. */
static void
note_reason(struct load *l, int err)
{
	int i;

	for (i = 0; i < FAIL_REASONS - 1; i++) {
		if (l->reasons[i] == err || l->reasons[i] == 0)
			break;
	}
	l->reasons[i] = err;
	l->reason_counts[i]++;
}

/* An attempt has failed: again in a moment, or never. */
static void
attempt_failed(struct load *l, int err, uint32_t tries)
{
	note_reason(l, err);
	if (tries >= l->node->opt->retries) {
		l->failed++;
		return;
	}
	l->retried++;
	l->tries[l->waiting++] = tries + 1;
	if (!l->retry_timer.is_armed)
		timer_arm(&l->node->loop, &l->retry_timer,
			  l->node->loop.now + RETRY_MS * NSEC_PER_MSEC);
}

/*
 * One attempt. Its tries are the last of the waiting ones, or none for a new operation: op_start()
 * asks load_tries() while the count is still there.
 */
static void
attempt(struct load *l, bool is_new)
{
	uint64_t number = l->run << SEEN_SEQUENCE_BITS | l->next_number++;
	uint32_t tries;
	int r;

	if (is_new)
		l->tries[l->waiting++] = 0;
	l->running++;
	r = op_start(l->node, l, l->kind, number);
	tries = l->tries[--l->waiting];
	if (r < 0) {
		l->running--;
		attempt_failed(l, r, tries);
	}
}

uint32_t
load_tries(const struct load *l)
{
	return l->waiting > 0 ? l->tries[l->waiting - 1] : 0;
}

static void
issue(struct load *l)
{
	const struct options *opt = l->node->opt;

	while (!l->is_over && l->running + l->waiting < opt->window && l->issued < opt->count) {
		l->issued++;
		attempt(l, true);
	}
}

static void
retry_fn(struct timer *t)
{
	struct load *l = (struct load *)((char *)t - offsetof(struct load, retry_timer));
	uint32_t n = l->waiting;

	while (n-- > 0 && l->waiting > 0)
		attempt(l, false);
}

static void
end_fn(struct timer *t)
{
	struct load *l = (struct load *)((char *)t - offsetof(struct load, end_timer));

	l->is_over = true;
}

void
load_start(struct load *l, struct node *n, enum op_kind kind)
{
	const struct options *opt = n->opt;

	*l = (struct load){.node = n, .kind = kind, .started = clock_ns()};
	l->last_done = l->started;
	l->run = pattern_mix(n->incarnation, kind) & 0x7fffffffff;
	l->tries = calloc(opt->window + 1, sizeof(*l->tries));
	if (l->tries == NULL)
		abort();
	l->retry_timer.fn = retry_fn;
	l->end_timer.fn = end_fn;
	if (opt->seconds != 0)
		timer_arm(&n->loop, &l->end_timer, n->loop.now + opt->seconds * NSEC_PER_SEC);
	issue(l);
}

void
load_free(struct load *l)
{
	if (l->node == NULL)
		return;
	timer_disarm(&l->node->loop, &l->retry_timer);
	timer_disarm(&l->node->loop, &l->end_timer);
	free(l->tries);
	free(l->latencies_ns);
}

static void
note_latency(struct load *l, uint64_t ns)
{
	if (l->n_latencies == l->room) {
		l->room = l->room != 0 ? 2 * l->room : 1024;
		l->latencies_ns = realloc(l->latencies_ns, l->room * sizeof(*l->latencies_ns));
		if (l->latencies_ns == NULL)
			abort();
	}
	l->latencies_ns[l->n_latencies++] = ns;
}

void
load_op_done(struct load *l, int status, uint64_t latency_ns, uint32_t tries)
{
	uint64_t now = clock_ns();

	l->running--;
	if (status < 0) {
		attempt_failed(l, status, tries);
	} else {
		l->completed++;
		note_latency(l, latency_ns);
		if (now - l->last_done > l->longest_gap)
			l->longest_gap = now - l->last_done;
		l->last_done = now;
		if (l->kind == OP_PUT || l->kind == OP_GET)
			l->bytes += l->node->opt->size;
	}
	issue(l);
}

bool
load_is_done(const struct load *l)
{
	return l->running == 0 && l->waiting == 0 &&
		(l->is_over || l->issued == l->node->opt->count);
}

void
load_abort(struct load *l, int err)
{
	uint64_t missing = l->running + l->waiting;

	if (!l->is_over)
		missing += l->node->opt->count - l->issued;
	if (missing == 0)
		return;
	note_reason(l, err);
	l->failed += missing;
	l->is_over = true;
}

static int
compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The latency that @percent of all operations did not exceed, in microseconds. */
static double
percentile_us(const struct load *l, uint64_t percent)
{
	uint64_t i;

	if (l->n_latencies == 0)
		return 0;
	i = (l->n_latencies * percent + 99) / 100;
	return (double)l->latencies_ns[i > 0 ? i - 1 : 0] / 1e3;
}

void
load_print(struct load *l, FILE *f)
{
	static const char *const kinds[] = {"ping", "push", "put", "get"};
	double seconds = (double)(l->last_done - l->started) / 1e9;
	int i;

	if (l->n_latencies > 0)
		qsort(l->latencies_ns, l->n_latencies, sizeof(*l->latencies_ns), compare_u64);
	fprintf(f,
		"{\"kind\":\"%s\",\"size\":%u,\"window\":%u,\"issued\":%llu,\"completed\":%llu,\"failed\":%llu,",
		kinds[l->kind], l->node->opt->size, l->node->opt->window,
		(unsigned long long)l->issued, (unsigned long long)l->completed,
		(unsigned long long)l->failed);
	fprintf(f,
		"\"retried\":%llu,\"bytes\":%llu,\"seconds\":%.6f,\"mb_per_s\":%.3f,\"longest_gap_ms\":%.3f,",
		(unsigned long long)l->retried, (unsigned long long)l->bytes, seconds,
		seconds > 0 ? (double)l->bytes / 1e6 / seconds : 0, (double)l->longest_gap / 1e6);
	fprintf(f, "\"latency_us\":{\"median\":%.1f,\"p99\":%.1f,\"max\":%.1f},\"errors\":{",
		percentile_us(l, 50), percentile_us(l, 99), percentile_us(l, 100));
	for (i = 0; i < FAIL_REASONS && l->reasons[i] != 0; i++)
		fprintf(f, "%s\"%s\":%llu", i > 0 ? "," : "", strerrorname_np(-l->reasons[i]),
			(unsigned long long)l->reason_counts[i]);
	fputs("}}", f);
}
