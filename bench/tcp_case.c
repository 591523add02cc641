/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The cases. Rounds are measured in batches: what a batch needs is made before, in so much memory that little of it is still
 * in the core's own caches when its round comes.
 */
#include "bench/tcp_case.h"

#include "bench/tcp_rig.h"
#include "bench/waits.h"

#include <rte_cycles.h>

#include <stdlib.h>
#include <string.h>

#define BATCH \
	16u /* rounds: their packets are in the core's second cache, as a port would put them into the last one */
#define BATCH_TSO 4u /* of those, when each round sends large segments */
#define IN_FLIGHT_MAX (2u << 20) /* of one connection */
#define MESSAGE (1u << 20)
#define SMALL RIG_HEADER /* a request, and its answer: no payload */

const struct tcp_mix tcp_mixes[] = {
	{"runs", 4, 8}, /* eight of one connection, as they leave a sender's port */
	{"mixed", 8, 1}, /* four of one connection, none behind another */
	{"spread", RIG_BURST, 1}, /* no two of one connection, if there are so many */
	{0},
};

struct bench {
	struct rig rig;
	const struct tcp_case *tc;
	bool is_tso;
	unsigned int group, run;
	unsigned int *order; /* the connections as they are visited: not as they lie in memory */
	unsigned int next; /* into order */
	struct rig_conn *visited[BATCH][RIG_BURST]; /* by round: its group */
	struct tcp_conn *senders[BATCH][RIG_BURST]; /* of these: a user that sends has it at hand */
	struct ip_packet pkts[BATCH][RIG_BURST];
	struct buf messages[BATCH][RIG_BURST];
	struct buf answers[BATCH * RIG_BURST];
	unsigned int n_answers;
	struct tcp_samples *out;
};

/* --- measuring --- */

static void
note(struct bench *b, uint64_t cycles, uint32_t segments)
{
	if (b->out->n < b->out->size)
		b->out->v[b->out->n++] = (struct tcp_sample){cycles, segments};
}

static inline void
do_round(struct bench *b, unsigned int i, bool receive, bool send)
{
	unsigned int k, n = send ? b->group : 0;

	for (k = 0; k < n; k++)
		tcp_send(b->senders[i][k], &b->messages[i][k], false, b->rig.now);
	rig_round(&b->rig, b->pkts[i], receive ? RIG_BURST : 0);
}

/* Callgrind counts what is done in this function, and nothing else. */
__attribute__((noinline)) static uint64_t
tcp_bench_measured(struct bench *b, unsigned int i, bool receive, bool send)
{
	uint64_t start = rte_rdtsc_precise();

	waits_begin();
	do_round(b, i, receive, send);
	waits_end();
	return rte_rdtsc_precise() - start;
}

/* Receive the burst of round @i, or send its messages. */
static uint64_t
round_of(struct bench *b, unsigned int i, bool receive, bool is_measured)
{
	if (is_measured)
		return tcp_bench_measured(b, i, receive, !receive);
	do_round(b, i, receive, !receive);
	return 0;
}

/* All bursts of a batch. */
static void
receive_all(struct bench *b, unsigned int rounds, bool is_measured)
{
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		uint64_t cycles = round_of(b, i, true, is_measured);

		if (is_measured)
			note(b, cycles, RIG_BURST);
	}
	rig_pause(&b->rig);
}

/* --- who is in a round --- */

static void
choose(struct bench *b, unsigned int rounds)
{
	unsigned int i, k;

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < b->group; k++) {
			b->visited[i][k] = &b->rig.conns[b->order[b->next]];
			b->senders[i][k] = b->visited[i][k]->c;
			b->next = (b->next + 1) % b->tc->conns;
		}
	}
}

static struct rig_conn *
owner(struct bench *b, unsigned int round, unsigned int slot)
{
	return b->visited[round][slot / b->run % b->group];
}

static bool
shuffle(struct bench *b)
{
	unsigned int i, k, n = b->tc->conns, swap;
	uint32_t rng = 12345;

	b->order = calloc(n, sizeof(*b->order));
	for (i = 0; i < n && b->order != NULL; i++)
		b->order[i] = i;
	for (i = n; i > 1 && b->order != NULL; i--) {
		rng = rng * 1664525 + 1013904223;
		k = (uint32_t)(((uint64_t)rng * i) >> 32);
		swap = b->order[i - 1];
		b->order[i - 1] = b->order[k];
		b->order[k] = swap;
	}
	return b->order != NULL;
}

/* --- receiving in bulk --- */

static void
take_message(struct rig_conn *rc, uint64_t now)
{
	uint32_t n = tcp_rx_len(rc->c);

	rig_take(rc, now);
	if (rc->expects > n) {
		rc->expects -= n;
		return;
	}
	rc->expects = MESSAGE;
	tcp_rx_expect(rc->c, MESSAGE);
}

static const char *
batch_rx(struct bench *b, bool is_measured)
{
	unsigned int i, k;

	choose(b, BATCH);
	for (i = 0; i < BATCH; i++) {
		for (k = 0; k < RIG_BURST; k++) {
			struct rig_conn *rc = owner(b, i, k);

			b->pkts[i][k] = rig_segment(&b->rig, rc, rc->seq, rc->acked, 0, RIG_MSS);
			rc->seq += RIG_MSS;
			if (b->pkts[i][k].m == NULL)
				return "no mbuf";
		}
	}
	receive_all(b, BATCH, is_measured);
	return NULL;
}

/* --- sending in bulk, and the acknowledgements --- */

/* What a connection sends in a round. */
static uint32_t
bulk_bytes(const struct bench *b)
{
	return b->is_tso ? RIG_UNIT : 2 * RIG_MSS * RIG_BURST / b->group;
}

/* Rounds of a batch: a connection that is visited again and again has no more in flight than its peer takes. */
static unsigned int
bulk_rounds(const struct bench *b)
{
	unsigned int rounds = b->is_tso ? BATCH_TSO : BATCH;

	while (rounds > 1 && rounds * b->group > b->tc->conns &&
	       (uint64_t)rounds * b->group / b->tc->conns * bulk_bytes(b) > IN_FLIGHT_MAX)
		rounds /= 2;
	return rounds;
}

static const char *
send_batch(struct bench *b, unsigned int rounds, bool is_measured)
{
	uint32_t each = bulk_bytes(b);
	unsigned int i, k;

	choose(b, rounds);
	for (i = 0; i < rounds; i++)
		for (k = 0; k < b->group; k++)
			if (rig_message(&b->rig, each, &b->messages[i][k]) < 0)
				return "no mbuf";
	for (i = 0; i < rounds; i++) {
		uint64_t before = b->rig.wire_out, cycles = round_of(b, i, false, is_measured);

		rig_pause(&b->rig);
		if (is_measured)
			note(b, cycles, (uint32_t)(b->rig.wire_out - before));
	}
	return NULL;
}

static const char *
acks_in(struct bench *b, bool is_measured)
{
	unsigned int rounds = bulk_rounds(b), i, k;

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < RIG_BURST; k++) {
			struct rig_conn *rc = owner(b, i, k);

			rc->acked += 2 * RIG_MSS;
			b->pkts[i][k] = rig_segment(&b->rig, rc, rc->seq, rc->acked, 0, 0);
			if (b->pkts[i][k].m == NULL)
				return "no mbuf";
		}
	}
	receive_all(b, rounds, is_measured);
	return NULL;
}

/* Windows open until what a batch sends fits into them. */
static const char *
open_windows(struct bench *b)
{
	uint32_t n = bulk_rounds(b) * b->group / b->tc->conns;
	uint32_t want = (n + 1) * bulk_bytes(b);
	struct buf message;
	unsigned int i;

	b->rig.step = 0; /* a window that is not used for long closes again */
	for (i = 0; i < b->tc->conns; i++) {
		struct rig_conn *rc = &b->rig.conns[i];
		uint32_t in_one = 0;

		while (in_one < want) {
			if (rig_message(&b->rig, want, &message) < 0)
				return "no mbuf";
			tcp_send(rc->c, &message, false, b->rig.now);
			rig_round(&b->rig, NULL, 0);
			rig_pause(&b->rig);
			in_one = rc->sent - rc->acked;
			if (rig_settle(&b->rig, rc) < 0)
				return "no mbuf";
		}
	}
	b->rig.step = RIG_STEP;
	return NULL;
}

static const char *
batch_ack(struct bench *b, bool is_measured)
{
	const char *fault = send_batch(b, bulk_rounds(b), false);

	return fault != NULL ? fault : acks_in(b, is_measured);
}

static const char *
batch_tx(struct bench *b, bool is_measured)
{
	const char *fault = send_batch(b, bulk_rounds(b), is_measured);

	return fault != NULL ? fault : acks_in(b, false);
}

static const char *
batch_tso(struct bench *b, bool is_measured)
{
	unsigned int rounds = bulk_rounds(b), i, k;
	const char *fault = send_batch(b, rounds, is_measured);

	for (i = 0; i < rounds && fault == NULL; i++) {
		for (k = 0; k < b->group; k++) {
			struct rig_conn *rc = b->visited[i][k];

			rc->acked = rc->sent;
			b->pkts[i][k] = rig_segment(&b->rig, rc, rc->seq, rc->acked, 0, 0);
			if (b->pkts[i][k].m == NULL)
				return "no mbuf";
		}
		rig_round(&b->rig, b->pkts[i], b->group);
		rig_pause(&b->rig);
	}
	return fault;
}

/* --- requests and answers --- */

static void
answer(struct rig_conn *rc, uint64_t now)
{
	struct rig *r = rc->rig;
	struct bench *b = (struct bench *)r; /* its first member */

	for (; tcp_rx_len(rc->c) >= SMALL; b->n_answers--) {
		tcp_rx_take(rc->c, &r->taken, SMALL, now);
		tcp_send(rc->c, &b->answers[b->n_answers - 1], false, now);
	}
}

static const char *
batch_rpc(struct bench *b, bool is_measured)
{
	unsigned int i, k, c;

	choose(b, BATCH);
	for (i = 0; i < BATCH; i++) {
		for (k = 0; k < RIG_BURST; k++) {
			struct rig_conn *rc = owner(b, i, k);

			b->pkts[i][k] =
				rig_segment(&b->rig, rc, rc->seq, rc->acked, TCP_PSH, SMALL);
			rc->seq += SMALL;
			if (b->pkts[i][k].m == NULL ||
			    rig_message(&b->rig, SMALL, &b->answers[b->n_answers++]) < 0)
				return "no mbuf";
		}
		/* the answers to these are acknowledged by the next requests */
		for (c = 0; c < b->group; c++)
			b->visited[i][c]->acked += SMALL * RIG_BURST / b->group;
	}
	receive_all(b, BATCH, is_measured);
	return b->n_answers == 0 ? NULL : "a request was not answered";
}

/* --- all of them --- */

struct kind {
	const char *name;
	bool is_tso;
	unsigned int held; /* mbufs of a connection between its visits */
	void (*user)(struct rig_conn *rc, uint64_t now);
	const char *(*prepare)(struct bench *b);
	const char *(*batch)(struct bench *b, bool is_measured);
};

static const struct kind kinds[] = {
	{"rx", false, 0, take_message, NULL, batch_rx},
	{"ack", false, 0, rig_take, open_windows, batch_ack},
	{"tx", false, 0, rig_take, open_windows, batch_tx},
	{"tso", true, 0, rig_take, open_windows, batch_tso},
	{"rpc", false, 8, answer, NULL, batch_rpc},
};
const char *const tcp_cases[] = {"rx", "ack", "tx", "tso", "rpc", NULL};

static bool
set_up(struct bench *b, const struct kind *kind)
{
	const struct tcp_mix *mix = tcp_mixes;

	while (mix->name != NULL && strcmp(mix->name, b->tc->mix) != 0)
		mix++;
	if (mix->name == NULL || !shuffle(b))
		return false;
	b->run = mix->run;
	/* the same number from each: the divisors of a burst */
	for (b->group = mix->group; b->group > b->tc->conns; b->group /= 2)
		;
	b->is_tso = kind->is_tso;
	return rig_start(&b->rig, b->tc->conns, kind->held, kind->is_tso, kind->user) == 0;
}

/* Every connection is visited once before the measurement. */
static const char *
warm_up(struct bench *b, const struct kind *kind)
{
	const char *fault = kind->prepare != NULL ? kind->prepare(b) : NULL;
	unsigned int visits = 0;

	for (; fault == NULL && visits < b->tc->conns;
	     visits += (b->is_tso ? BATCH_TSO : BATCH) * b->group)
		fault = kind->batch(b, false);
	return fault;
}

const char *
tcp_case_run(const struct tcp_case *tc, struct tcp_samples *out)
{
	struct bench *b = calloc(1, sizeof(*b));
	const struct kind *kind = kinds;
	const char *fault, *left;

	while (strcmp(kind->name, tc->name) != 0)
		if (++kind == kinds + sizeof(kinds) / sizeof(kinds[0]))
			return "no such case";
	if (b == NULL)
		return "no memory";
	b->tc = tc;
	b->out = out;
	if (!set_up(b, kind))
		return "the engine does not start";
	fault = warm_up(b, kind);
	while (fault == NULL && out->n < tc->rounds)
		fault = kind->batch(b, true);
	if (fault != NULL)
		return fault;
	left = rig_stop(&b->rig);
	free(b->order);
	free(b);
	return left;
}
