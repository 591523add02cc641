/* SPDX-License-Identifier: BSD-3-Clause */
/* Which segments of a burst become one, and what a connection makes of those: the same as of each for itself. */
#include "drivers/tcp/gro.h"

#include "drivers/tcp/tcp_priv.h"
#include "tests/unit/tcp/script.h"

#include <rte_mbuf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* --- which --- */

static struct rte_mbuf mbufs[3];
static struct tcp_parsed parsed[3];
static struct ip_packet pkts[3];
static struct tcp_gro gro;

/* Three that belong together. */
static int
setup(void **)
{
	unsigned int i;

	memset(mbufs, 0, sizeof(mbufs));
	gro = (struct tcp_gro){0};
	for (i = 0; i < 3; i++) {
		mbufs[i] = (struct rte_mbuf){.data_len = 1480, .pkt_len = 1480, .nb_segs = 1};
		parsed[i] = (struct tcp_parsed){
			.s = {.dst_port = 988,
			      .src_port = 1023,
			      .seq = 0xfffffc00u + i * 1448,
			      .ack = 77,
			      .len = 1448,
			      .wnd = 500,
			      .flags = TCP_ACK,
			      .hdr_len = 32,
			      .has_ts = true,
			      .tsval = 10,
			      .tsecr = 20,
			      .n_merged = 1,
			      .part = 1448,
			      .last_seq = 0xfffffc00u + i * 1448},
			.pkt = &pkts[i],
			.m = &mbufs[i],
			.tail = &mbufs[i],
			.tos = IP_ECN_ECT0,
		};
		pkts[i] = (struct ip_packet){
			.local = ipaddr_v4(0x0a000001),
			.remote = ipaddr_v4(0x0a000002),
		};
	}
	return 0;
}

static void
what_belongs_together_becomes_one(void **)
{
	const struct tcp_segment *s = &parsed[0].s;

	parsed[1].s.flags |= TCP_PSH;
	parsed[1].s.part = parsed[1].s.len = 1400;
	parsed[2].s.seq -= 48;
	assert_false(tcp_gro_merge(&gro, parsed, 0));
	assert_true(tcp_gro_merge(&gro, parsed, 1));
	/* its place is free: the next one takes it */
	parsed[1] = parsed[2];
	parsed[1].s.last_seq = parsed[1].s.seq;
	assert_true(tcp_gro_merge(&gro, parsed, 1));
	assert_int_equal(s->len, 1448 + 1400 + 1448);
	assert_int_equal(s->part, 1448);
	assert_int_equal(s->n_merged, 3);
	assert_int_equal(s->last_seq, s->seq + 1448 + 1400);
	assert_int_equal(s->flags, TCP_ACK | TCP_PSH);
	assert_int_equal(mbufs[0].nb_segs, 3);
	assert_int_equal(mbufs[0].pkt_len, 32 + 1448 + 1400 + 1448);
	assert_ptr_equal(mbufs[0].next, &mbufs[1]);
	assert_ptr_equal(mbufs[1].next, &mbufs[2]);
	assert_int_equal(mbufs[1].data_off, 32);
	assert_int_equal(mbufs[1].data_len, 1448);
}

enum what {
	SEQ,
	ACK,
	WND,
	TOS,
	FLAGS,
	TSVAL,
	TSECR,
	NO_TS,
	HDR,
	LENGTH,
	TOO_LONG,
	PORT,
	PEER,
	LOCAL,
};

static void
change(unsigned int i, enum what what, uint32_t n)
{
	struct tcp_segment *s = &parsed[i].s;

	switch (what) {
	case SEQ:
		s->seq += n;
		break;
	case ACK:
		s->ack += n;
		break;
	case WND:
		s->wnd += (uint16_t)n;
		break;
	case TOS:
		parsed[i].tos = (uint8_t)n;
		break;
	case FLAGS:
		s->flags = (uint8_t)n;
		break;
	case TSVAL:
		s->tsval += n;
		break;
	case TSECR:
		s->tsecr += n;
		break;
	case NO_TS:
		s->has_ts = false;
		s->hdr_len = 20;
		s->tsval = s->tsecr = 0;
		break;
	case HDR:
		s->hdr_len = (uint8_t)n;
		break;
	case LENGTH:
	case TOO_LONG:
		s->len = n;
		break;
	case PORT:
		s->dst_port = (uint16_t)n;
		break;
	case PEER:
		pkts[i].remote.bytes[5]++; /* in the same place of the table */
		break;
	case LOCAL:
		pkts[i].local.bytes[3]++;
		break;
	}
}

static void
what_differs_stays_for_itself(void **)
{
	static const struct {
		enum what what;
		uint32_t n;
		unsigned int
			which; /* 0: in the first; 1: in the second; 2: the same in both is a reason too */
	} cases[] = {
		{SEQ, 1, 1},
		{SEQ, (uint32_t)-1, 1},
		{SEQ, 1448, 1},
		{ACK, 1, 1},
		{WND, 1, 1},
		{TOS, IP_ECN_CE, 0},
		{TOS, IP_ECN_CE, 1},
		{TOS, 0x20 | IP_ECN_ECT0, 1},
		{TSVAL, 1, 1},
		{TSECR, 1, 1},
		{NO_TS, 0, 1},
		{NO_TS, 0, 0},
		{HDR, 36, 2},
		{HDR, 20, 2},
		{FLAGS, TCP_ACK | TCP_FIN, 0},
		{FLAGS, TCP_ACK | TCP_FIN, 1},
		{FLAGS, TCP_ACK | TCP_URG, 2},
		{FLAGS, TCP_ACK | TCP_ECE, 2},
		{FLAGS, TCP_ACK | TCP_CWR, 2},
		{FLAGS, TCP_ACK | TCP_RST, 1},
		{FLAGS, TCP_ACK | TCP_SYN, 1},
		{FLAGS, 0, 2},
		{LENGTH, 0, 1},
		{TOO_LONG, 65536 - 1448, 1},
		{PORT, 0, 1},
		{PEER, 0, 1},
		{LOCAL, 0, 1},
	};
	unsigned int i;

	for (i = 0; i < N(cases); i++) {
		setup(NULL);
		if (cases[i].which != 1)
			change(0, cases[i].what, cases[i].n);
		if (cases[i].which != 0)
			change(1, cases[i].what, cases[i].n);
		tcp_gro_merge(&gro, parsed, 0);
		if (tcp_gro_merge(&gro, parsed, 1))
			fail_msg("case %u is merged", i);
		assert_int_equal(parsed[0].s.n_merged, 1);
		assert_null(mbufs[0].next);
	}
	setup(NULL);
	parsed[1].s.len = 65535 - 1448;
	tcp_gro_merge(&gro, parsed, 0);
	assert_true(tcp_gro_merge(&gro, parsed, 1));
}

static void
payload_without_a_next_is_found_behind_others(void **)
{
	/* another connection between two segments of one */
	parsed[1].s.src_port = 1022;
	tcp_gro_merge(&gro, parsed, 0);
	assert_false(tcp_gro_merge(&gro, parsed, 1));
	parsed[2].s.seq = parsed[0].s.seq + 1448;
	assert_true(tcp_gro_merge(&gro, parsed, 2));
	assert_int_equal(parsed[0].s.n_merged, 2);
}

static void
no_other_port_is_the_same_flow(void **)
{
	unsigned int port;

	/* some of them in the same place of the table */
	for (port = 0; port <= UINT16_MAX; port++) {
		setup(NULL);
		parsed[1].s.src_port = (uint16_t)port;
		tcp_gro_merge(&gro, parsed, 0);
		assert_int_equal(tcp_gro_merge(&gro, parsed, 1), port == parsed[0].s.src_port);
		assert_int_equal(parsed[1].first, port == parsed[0].s.src_port ? 0 : 1);
	}
}

static void
nothing_overtakes_what_came_before_it(void **)
{
	/* an ACK of the connection lies between: what is behind it may not go before it */
	change(1, LENGTH, 0);
	parsed[2].s.seq = parsed[0].s.seq + 1448;
	tcp_gro_merge(&gro, parsed, 0);
	assert_false(tcp_gro_merge(&gro, parsed, 1));
	assert_false(tcp_gro_merge(&gro, parsed, 2));
}

/* --- what becomes of it --- */

#define RUN4(flags)                                                                    \
	BURST(A, 1, 1, MSS), BURST(A, 1 + MSS, 1, MSS), BURST(A, 1 + 2 * MSS, 1, MSS), \
		IN(flags, 1 + 3 * MSS, 1, MSS)

SCRIPT(a_run_is_one_segment_and_one_ack, ACCEPTED, NULL, RUN4(A), OUT(A, 1, 1 + 4 * MSS, 0), QUIET,
       COUNT(RX_MERGED, 3), COUNT(RX_PREDICTED, 4), COUNT(SEG_IN, 6), LEN(4 * MSS), TAKE(4 * MSS))

/* RFC 9293 3.8.6.3: bytes count, not packets; what is merged may be less than two full segments */
SCRIPT(short_segments_are_acked_with_delay, ACCEPTED, NULL, IN(A, 1, 1, MSS),
       BURST(A, 1 + MSS, 1, 100), IN(A, 101 + MSS, 1, 100), QUIET, COUNT(RX_MERGED, 1), WAIT(41),
       OUT(A, 1, 201 + MSS, 0))
SCRIPT(two_full_ones_are_acked_at_once, ACCEPTED, NULL, IN(A, 1, 1, MSS), QUIET, WAIT(41),
       OUT(A, 1, 1 + MSS, 0), BURST(A, 1 + MSS, 1, MSS), IN(A, 1 + 2 * MSS, 1, MSS),
       OUT(A, 1, 1 + 3 * MSS, 0), COUNT(RX_MERGED, 1))
/* and the greatest of them, not their sum, is what a full one is afterwards */
SCRIPT(the_sum_is_no_full_segment, ACCEPTED, NULL, RUN4(A), OUT(A, 1, 1 + 4 * MSS, 0),
       BURST(A, 1 + 4 * MSS, 1, MSS), IN(A, 1 + 5 * MSS, 1, MSS), OUT(A, 1, 1 + 6 * MSS, 0))

SCRIPT(a_push_is_seen_wherever_it_is, ACCEPTED, NULL, IN(A, 1, 1, MSS),
       BURST(P | A, 1 + MSS, 1, 10), IN(A, 11 + MSS, 1, 10), OUT(A, 1, 21 + MSS, 0),
       COUNT(RX_MERGED, 1))

SCRIPT(a_fin_is_not_hidden, ACCEPTED, NULL, BURST(A, 1, 1, MSS), BURST(A, 1 + MSS, 1, MSS),
       IN(F | A, 1 + 2 * MSS, 1, 100), OUT(A, 1, 102 + 2 * MSS, 0), COUNT(RX_MERGED, 1),
       STATE("CLOSE_WAIT"), TAKE(2 * MSS + 100), RX_EOF)

SCRIPT(a_run_behind_a_hole_is_one_block, ACCEPTED, NULL, BURST(A, 1 + MSS, 1, MSS),
       BURST(A, 1 + 2 * MSS, 1, MSS), IN(A, 1 + 3 * MSS, 1, MSS),
       OUT(A, 1, 1, 0, SACK1(1 + MSS, 1 + 4 * MSS)), COUNT(RX_MERGED, 2), IN(A, 1, 1, MSS),
       OUT(A, 1, 1 + 4 * MSS, 0), TAKE(4 * MSS))

SCRIPT(what_was_there_is_cut_off, ACCEPTED, NULL, IN(A, 1, 1, 2 * 100), SKIP, BURST(A, 101, 1, 200),
       IN(A, 301, 1, 300), OUT(A, 1, 601, 0, SACK1(101, 201)), TAKE(600), COUNT(RX_OVERLAP, 1))

/* acknowledgements and windows that change are those of their own segment */
SCRIPT(a_new_ack_begins_a_run, ACCEPTED, NULL, SEND(2 * MSS), OUT(A, 1, 1, MSS),
       OUT(P | A, 1 + MSS, 1, MSS), BURST(A, 1, 1, 500), BURST(A, 501, 1 + MSS, 500),
       BURST(A, 1001, 1 + MSS, 500), IN(A, 1501, 1 + 2 * MSS, 500), ACKED(2 * MSS),
       COUNT(RX_MERGED, 1), TAKE(2000))

static const struct script_conf dctcp = {
	.path = {.mtu = 1500, .max_slices = 8, .cc = TCP_CC_DCTCP}};
#define DCTCP_OPEN IN(S | E | C, 0, 0, 0), OUT(S | A | E, 0, 1, 0, .tos = 2), IN(A, 1, 1, 0)

/* RFC 8257 3.2: where marks begin and end is told exactly, and each marked segment is counted */
SCRIPT(marks_are_told_apart, LISTENING, &dctcp, DCTCP_OPEN, BURST(A, 1, 1, MSS, .tos = 2),
       BURST(A, 1 + MSS, 1, MSS, .tos = 2), BURST(A, 1 + 2 * MSS, 1, MSS, .tos = 3),
       BURST(A, 1 + 3 * MSS, 1, MSS, .tos = 3), IN(A, 1 + 4 * MSS, 1, MSS, .tos = 2),
       OUT(A, 1, 1 + 2 * MSS, 0), OUT(A | E, 1, 1 + 4 * MSS, 0), OUT(A, 1, 1 + 5 * MSS, 0),
       COUNT(ECN_CE_IN, 2), COUNT(RX_MERGED, 2))

/* --- no difference: one side merges, the other gets an urgent pointer in each segment, which forbids it and means nothing --- */

#define ROUNDS 4000
#define WND 4096 /* of the peer */

static struct script *sides[2];
static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

/* What the peer says in this burst: mostly the same in all segments. */
struct says {
	uint32_t nxt, ack, tsval;
	uint16_t wnd;
	uint8_t tos;
	uint32_t hole; /* bytes left out, to be sent by the next burst */
};

static struct tcp_segment
next_segment(struct says *say, const struct tcp_conn *c)
{
	struct tcp_segment s = {
		.seq = say->nxt,
		.flags = TCP_ACK,
		.len = below(3) == 0 ? 1 + below(1448) : 1448,
		.has_ts = true,
	};

	if (below(12) == 0)
		say->wnd = (uint16_t)(WND + below(3));
	if (below(12) == 0)
		say->ack = c->snd_una + below(c->snd_nxt - c->snd_una + 1);
	if (below(12) == 0)
		say->tsval++;
	if (below(8) == 0)
		say->tos = below(2) == 0 ? IP_ECN_CE : IP_ECN_ECT0;
	if (below(6) == 0)
		s.flags |= TCP_PSH;
	s.wnd = say->wnd;
	s.ack = say->ack;
	s.tsval = say->tsval;
	s.tsecr = tcp_ts_now(c, sides[0]->f.now);
	say->nxt += s.len;
	return s;
}

/* The hole of the burst before comes first, in pieces that a gap lies behind. */
static unsigned int
make_burst(struct says *say, struct tcp_segment *burst)
{
	const struct tcp_conn *c = sides[0]->c;
	unsigned int i, n = 1 + below(FAKE_BURST), left_out = below(4) == 0 ? below(n) : n;

	if (c->rcv_nxt != say->nxt) {
		uint32_t end = say->nxt;

		say->nxt = c->rcv_nxt;
		burst[0] = next_segment(say, c);
		burst[0].len = say->hole;
		say->nxt = end;
		return 1;
	}
	for (i = 0; i < n; i++) {
		burst[i] = next_segment(say, c);
		sides[0]->f.in_tos[i] = sides[1]->f.in_tos[i] = say->tos;
	}
	if (left_out + 1 < n) {
		say->hole = burst[left_out].len;
		memmove(&burst[left_out], &burst[left_out + 1],
			(n - left_out - 1) * sizeof(burst[0]));
		n--;
	}
	return n;
}

#define SAME(field) assert_int_equal(sides[0]->c->field, sides[1]->c->field)

static void
compare(void)
{
	const struct fake_out *a, *b;

	while ((a = fake_next(&sides[0]->f)) != NULL) {
		b = fake_next(&sides[1]->f);
		assert_non_null(b);
		assert_memory_equal(&a->s, &b->s, sizeof(a->s));
		assert_int_equal(a->tos, b->tos);
	}
	assert_null(fake_next(&sides[1]->f));
	SAME(rcv_nxt);
	SAME(rcv_edge);
	SAME(rcv_mss);
	SAME(unacked);
	SAME(ts_recent);
	SAME(ecn.echo);
	SAME(snd_una);
	SAME(snd_wnd);
	SAME(snd_wl1);
	SAME(snd_wl2);
	SAME(rx.data.len);
	SAME(rx.data.n_slices);
	SAME(rx.ooo_bytes);
	SAME(rx.ooo_ranges);
	SAME(account.pinned);
	SAME(account.passing);
	SAME(account.reorder);
	SAME(taken);
	assert_memory_equal(sides[0]->c->deadline, sides[1]->c->deadline,
			    sizeof(sides[0]->c->deadline));
}

static void
use(struct script *sc, unsigned int what, uint32_t n)
{
	static const uint8_t zeros[4000];
	struct buf b = {0};

	tcp_rx_expect(sc->c, n * 8);
	if (what < 2)
		tcp_rx_discard(sc->c, UINT32_MAX, sc->f.now);
	else if (buf_copy_in(&b, &sc->f.mem, zeros, n) < 0 ||
		 tcp_send(sc->c, &b, false, sc->f.now) < 0)
		buf_release(&b, &sc->f.mem);
	fake_poll(&sc->f);
}

static void
one_or_many_makes_no_difference(void **)
{
	struct script_conf conf = dctcp;
	const struct step open[] = {DCTCP_OPEN, IN(A, 1, 1, MSS), SKIP, END};
	struct tcp_segment burst[FAKE_BURST];
	struct says say = {.wnd = WND, .tos = IP_ECN_ECT0};
	unsigned int i, k, n, side, what;

	seed = 1;
	for (side = 0; side < 2; side++) {
		sides[side] = script_new(&conf);
		script_run(sides[side], open, "open");
	}
	say.nxt = sides[0]->c->rcv_nxt;
	say.ack = sides[0]->c->snd_una;
	say.tsval = sides[0]->c->ts_recent;
	for (i = 0; i < ROUNDS; i++) {
		n = make_burst(&say, burst);
		for (side = 0; side < 2; side++) {
			fake_in_burst(&sides[side]->f, &sides[side]->flow, burst, NULL, n);
			for (k = 0; k < n; k++)
				burst[k].flags |= TCP_URG;
		}
		what = below(4);
		n = 1 + below(3999);
		for (side = 0; side < 2; side++) {
			tcp_rx_discard(sides[side]->c, 8000, sides[side]->f.now);
			use(sides[side], what, n);
		}
		compare();
	}
	assert_true(fake_count(&sides[0]->f, TCP_RX_MERGED) > ROUNDS);
	assert_true(fake_count(&sides[0]->f, TCP_RX_OOO) > ROUNDS / 20);
	assert_int_equal(fake_count(&sides[0]->f, TCP_RX_OOO),
			 fake_count(&sides[1]->f, TCP_RX_OOO));
	assert_int_equal(fake_count(&sides[0]->f, TCP_RX_BEYOND), 0);
	assert_int_equal(fake_count(&sides[0]->f, TCP_ECN_CE_IN),
			 fake_count(&sides[1]->f, TCP_ECN_CE_IN));
	assert_int_equal(fake_count(&sides[1]->f, TCP_RX_MERGED), 0);
	for (side = 0; side < 2; side++)
		script_free(sides[side]);
}

#define CASE(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_belongs_together_becomes_one),
		CASE(what_differs_stays_for_itself),
		CASE(payload_without_a_next_is_found_behind_others),
		CASE(no_other_port_is_the_same_flow),
		CASE(nothing_overtakes_what_came_before_it),
		cmocka_unit_test(a_run_is_one_segment_and_one_ack),
		cmocka_unit_test(short_segments_are_acked_with_delay),
		cmocka_unit_test(two_full_ones_are_acked_at_once),
		cmocka_unit_test(the_sum_is_no_full_segment),
		cmocka_unit_test(a_push_is_seen_wherever_it_is),
		cmocka_unit_test(a_fin_is_not_hidden),
		cmocka_unit_test(a_run_behind_a_hole_is_one_block),
		cmocka_unit_test(what_was_there_is_cut_off),
		cmocka_unit_test(a_new_ack_begins_a_run),
		cmocka_unit_test(marks_are_told_apart),
		cmocka_unit_test(one_or_many_makes_no_difference),
	};

	return cmocka_run_group_tests(tests, script_group_setup, NULL);
}
