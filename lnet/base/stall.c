/* SPDX-License-Identifier: BSD-3-Clause */
/* The stopped-next-hop policy of one peer NI: pure state over the time; the core acts on it. */
#include "lnet/base/stall.h"

#define SECOND 1000000000ull
#define LEVEL_MAX 31

void
stall_conf_default(struct stall_conf *conf)
{
	*conf = (struct stall_conf){
		.limit = 5 * SECOND,
		.probe_min = SECOND,
		.probe_max = 30 * SECOND,
		.trust = 60 * SECOND,
	};
}

void
stall_queued(struct stall *s, uint64_t now)
{
	if (s->state != STALL_IDLE)
		return;
	s->state = STALL_BUSY;
	s->since = now;
}

void
stall_progress(struct stall *s, uint64_t now)
{
	if (s->state == STALL_BUSY)
		s->since = now;
}

void
stall_idle(struct stall *s)
{
	if (s->state == STALL_BUSY)
		s->state = STALL_IDLE;
}

/* Saturating: a level of 31 and a minimum of an hour must not wrap. */
static uint64_t
probe_interval(const struct stall *s, const struct stall_conf *conf)
{
	if (conf->probe_min > conf->probe_max >> s->level)
		return conf->probe_max;
	return conf->probe_min << s->level;
}

bool
stall_check(struct stall *s, const struct stall_conf *conf, uint64_t now)
{
	if (s->state != STALL_BUSY || conf->limit == 0 || now - s->since < conf->limit)
		return false;
	if (now - s->moving_since >= conf->trust)
		s->level = 0;
	s->state = STALL_STOPPED;
	s->since = now;
	s->probe_at = now + probe_interval(s, conf);
	return true;
}

bool
stall_probe_due(struct stall *s, const struct stall_conf *conf, uint64_t now)
{
	if (s->state != STALL_STOPPED || now < s->probe_at)
		return false;
	if (s->level < LEVEL_MAX)
		s->level++;
	s->since = now;
	s->probe_at = now + probe_interval(s, conf);
	return true;
}

void
stall_hint(struct stall *s, const struct stall_conf *conf)
{
	if (s->state == STALL_STOPPED && s->since + conf->probe_min < s->probe_at)
		s->probe_at = s->since + conf->probe_min;
}

bool
stall_answered(struct stall *s, uint64_t now)
{
	if (s->state != STALL_STOPPED)
		return false;
	s->state = STALL_IDLE;
	s->since = now;
	s->moving_since = now;
	return true;
}

uint64_t
stall_deadline(const struct stall *s, const struct stall_conf *conf)
{
	if (s->state == STALL_STOPPED)
		return s->probe_at;
	if (s->state == STALL_BUSY && conf->limit != 0)
		return s->since + conf->limit;
	return STALL_NEVER;
}
