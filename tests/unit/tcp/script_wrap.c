/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where numbers begin. A script runs as it is written, and then again with numbers and timestamps that begin so that 2^32
 * and 2^31 are passed in each place that it names: before, inside of and behind every segment, ACK and SACK block, and at
 * every point in time; and once over IPv6.
 */
#include "drivers/tcp/tcp_priv.h"
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ISN_SHIFT 6 /* our initial numbers count in 64 ns */
#define PLACES_MAX 48 /* of one side; more are thinned out */

void
script_set_clock(struct script_conf *conf, const struct ip_flow *flow, uint64_t now)
{
	struct tcp engine = {.cfg = conf->fake.tcp};
	uint64_t *offset = &conf->fake.tcp.clock_offset, phase = (now + *offset) % TCP_MS;
	uint32_t ts = (uint32_t)((now + *offset) / TCP_MS) + tcp_ts_offset(&engine, flow);

	if (conf->ts != 0)
		*offset += (conf->ts - ts) * TCP_MS;
	if (conf->iss == 0)
		return;
	*offset += (uint64_t)(conf->iss - tcp_isn(&engine, flow, now)) << ISN_SHIFT;
	while ((now + *offset) % TCP_MS != phase)
		*offset += 1ull << (32 + ISN_SHIFT);
}

void
script_set_wrap(struct script_conf *conf)
{
	const char *at = getenv("SCRIPT_WRAP");
	uint32_t first = at != NULL ? 0u - (uint32_t)strtoul(at, NULL, 0) : 0;

	conf->iss = conf->iss != 0 || conf->ts != 0 ? conf->iss : first;
	conf->peer_iss = conf->peer_iss != 0 ? conf->peer_iss : first;
}

/* Relative numbers, or ms since the start, that a script names. */
struct places {
	uint32_t at[1024];
	unsigned int n;
};

static void
add(struct places *p, uint32_t at)
{
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		if (p->at[i] == at)
			return;
	}
	assert_true(p->n < sizeof(p->at) / sizeof(p->at[0]));
	p->at[p->n++] = at;
}

/* A segment from @seq on; @space: with its SYN and FIN. */
static void
add_segment(struct places *p, const struct step *st)
{
	uint32_t space = st->len + ((st->flags & F) != 0) + ((st->flags & S) != 0);

	if (st->seq == SEQ_ANY || st->seq == SEQ_ABOVE)
		return;
	add(p, st->seq);
	add(p, st->seq + st->len / 2);
	add(p, st->seq + space);
}

static void
add_ack(struct places *p, const struct step *st)
{
	unsigned int i;

	if ((st->flags & A) != 0)
		add(p, st->ack);
	for (i = 0; i < st->n_sack; i++) {
		add(p, st->sack[i].start);
		add(p, st->sack[i].end);
	}
}

static void
thin(struct places *p)
{
	unsigned int i, n = p->n / PLACES_MAX + 1;

	for (i = 0; i * n < p->n; i++)
		p->at[i] = p->at[i * n];
	p->n = i;
}

/* What the handshake has, and what the script adds. */
static void
find_places(const struct step *steps, unsigned int rtt_ms, struct places *ours,
	    struct places *peers, struct places *ms)
{
	const struct step *st;
	uint32_t now = rtt_ms;

	add(ours, 1);
	add(peers, 1);
	add(ms, 1);
	add(ms, now + 1);
	for (st = steps; st->op != OP_END; st++) {
		if (st->op == OP_IN || st->op == OP_BURST) {
			add_segment(peers, st);
			add_ack(ours, st);
		} else if (st->op == OP_OUT) {
			add_segment(ours, st);
			add_ack(peers, st);
		} else if (st->op == OP_WAIT) {
			now += (uint32_t)st->n;
			add(ms, now);
			add(ms, now + 1);
		}
	}
	thin(ours);
	thin(peers);
	thin(ms);
}

static void
run(struct script *sc, enum script_role role, const struct step *steps, const char *name)
{
	if (role == ACCEPTED)
		script_accept(sc);
	else if (role == DIALLED)
		script_connect(sc);
	/* it is what it is meant to be */
	if ((role == ACCEPTED || role == DIALLED) && sc->conf.iss != 0)
		assert_int_equal(sc->iss, sc->conf.iss);
	script_run(sc, steps, name);
}

/* The number that is @place further on is @boundary. */
static uint32_t
begin(uint32_t boundary, const struct places *p, unsigned int i)
{
	return boundary - p->at[i % p->n];
}

/*
 * Where neither a size nor the default of an address family is meant, a larger MTU makes up for the larger header; but two
 * timeouts make one above 1,500 be doubted.
 */
static bool
is_for_both_families(const struct script_conf *conf, const struct step *steps)
{
	const struct step *st;

	for (st = steps; st->op != OP_END; st++) {
		if (st->opts != NULL || st->op == OP_TOO_BIG ||
		    (st->op == OP_COUNT && st->n == TCP_RTO && st->len > 1))
			return false;
	}
	return !conf->v6 && !conf->no_mss && conf->path.mtu == 0;
}

void
script_case(enum script_role role, const struct script_conf *conf, const struct step *steps,
	    const char *name)
{
	static const uint32_t boundaries[] = {0, 1u << 31};
	struct places *p = calloc(3, sizeof(*p)), *ours = &p[0], *peers = &p[1], *ms = &p[2];
	struct script_conf base = conf != NULL ? *conf : (struct script_conf){0};
	unsigned int i, b, n;
	struct script *sc;

	base.dials = role == DIALLING || role == DIALLED;
	sc = script_new(&base);
	run(sc, role, steps, name);
	find_places(steps, base.rtt_ms, ours, peers, ms);
	n = ours->n > peers->n ? ours->n : peers->n;
	for (b = 0; b < 2; b++) {
		struct script_conf again = base;

		for (i = 0; i < 3 * n; i++) {
			again.iss = i % 3 != 0 ? begin(boundaries[b], ours, i / 3) : base.iss;
			again.peer_iss =
				i % 3 != 1 ? begin(boundaries[b], peers, i / 3) : base.peer_iss;
			script_again(sc, &again);
			run(sc, role, steps, name);
		}
		again = base;
		for (i = 0; i < 3 * ms->n; i++) {
			again.ts = i % 3 != 0 ? begin(boundaries[b], ms, i / 3) : base.ts;
			again.peer_ts = i % 3 != 1 ? begin(boundaries[b], ms, i / 3) : base.peer_ts;
			script_again(sc, &again);
			run(sc, role, steps, name);
		}
	}
	if (is_for_both_families(&base, steps)) {
		base.v6 = true;
		base.path = (struct tcp_path){.mtu = 1520, .max_slices = 8};
		script_again(sc, &base);
		run(sc, role, steps, name);
	}
	script_free(sc);
	free(p);
}
