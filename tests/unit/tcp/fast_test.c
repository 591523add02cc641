/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Header prediction makes no difference. Two engines get the same segments, made at random, one of them with an urgent pointer
 * in each: that is ignored (RFC 9293 3.8.5 as amended by RFC 6093), but never predicted.
 */
#include "drivers/tcp/tcp_priv.h"
#include "tests/fake/eal.h"
#include "tests/fake/fake_tcp_env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PORT 988
#define PEER_ISS 0xfffff000u /* it wraps soon */
#define PEER_SHIFT 3
#define LENGTH 120 /* segments of one exchange */
#define EXCHANGES 150
#define PREDICTED 0
#define GENERAL 1

struct side {
	struct fake_tcp_env f;
	struct tcp_conn *c;
};

static struct side sides[2];
static struct ip_flow flow;
static uint64_t seed;
static uint32_t iss, peer_nxt, peer_ts; /* ours; the peer's stream and clock */

static uint32_t
below(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

/* --- users, who do the same on both sides --- */

static void
nothing(struct tcp_conn *, void *, uint64_t)
{
}

static void
closed(struct tcp_conn *, void *user, int, uint64_t)
{
	((struct side *)user)->c = NULL;
}

static const struct tcp_ops ops = {.readable = nothing, .acked = nothing, .closed = closed};

static int
accept_conn(struct tcp_conn *c, void *user, uint64_t)
{
	((struct side *)user)->c = c;
	tcp_set_user(c, &ops, user);
	return 0;
}

static void
use(struct side *s, unsigned int what, uint32_t n)
{
	static const uint8_t zeros[4000];
	struct buf b = {0};

	if (s->c == NULL)
		return;
	switch (what) {
	case 0:
		tcp_rx_discard(s->c, n, s->f.now);
		break;
	case 4:
		tcp_rx_discard(s->c, UINT32_MAX, s->f.now);
		break;
	case 1:
		if (buf_copy_in(&b, &s->f.mem, zeros, n) < 0 ||
		    tcp_send(s->c, &b, false, s->f.now) < 0)
			buf_release(&b, &s->f.mem);
		break;
	case 2:
		tcp_rx_expect(s->c, n);
		break;
	case 3:
		fake_wait(&s->f, n * FAKE_MS / 100);
		break;
	default:
		break;
	}
}

/* --- the peer --- */

static struct tcp_segment
random_segment(void)
{
	const struct tcp_conn *c = sides[GENERAL].c;
	struct tcp_segment s = {
		.seq = peer_nxt,
		.ack = c->snd_una,
		.wnd = 4096,
		.flags = TCP_ACK,
		.len = 1 + below(1448),
		.has_ts = true,
		.tsval = peer_ts,
		.tsecr = tcp_ts_now(c, sides[GENERAL].f.now),
	};

	if (below(24) == 0)
		s.flags |= TCP_ECE;
	if (below(c->ecn.echo ? 2 : 48) == 0)
		s.flags |= TCP_CWR;
	/* mostly a stream; now and then each thing that may be otherwise */
	if (below(8) == 0)
		s.flags |= TCP_PSH;
	if (below(4) == 0)
		s.ack = c->snd_una + below(c->snd_nxt - c->snd_una + 1);
	switch (below(40)) {
	case 0:
		s.seq -= below(3000);
		break;
	case 1:
		s.seq += below(3000);
		break;
	case 2:
		s.wnd = (uint16_t)below(65536);
		break;
	case 3:
		s.tsval -= below(3);
		break;
	case 4:
		s.has_ts = below(4) != 0;
		break;
	case 5:
		s.len = 0;
		break;
	case 6:
		s.seq += below(70000);
		break;
	case 7:
		s.ack += below(200) - 100;
		break;
	case 8:
		s.n_sack = 1;
		s.sack[0].start = c->snd_una + below(3000);
		s.sack[0].end = s.sack[0].start + 1 + below(1448);
		break;
	case 9:
		if (below(8) == 0)
			s.flags |= TCP_FIN;
		break;
	default:
		break;
	}
	return s;
}

static void
deliver(void)
{
	struct tcp_segment s;
	unsigned int i, side, n = 1 + below(4);
	uint8_t tos;

	/* what was not taken comes again */
	peer_nxt = sides[GENERAL].c->rcv_nxt;
	/* each for itself, or those that come next would be merged, and those with an urgent pointer would not */
	for (i = 0; i < n && sides[GENERAL].c != NULL; i++) {
		s = random_segment();
		if (s.seq == peer_nxt)
			peer_nxt += s.len;
		tos = below(24) == 0 ? IP_ECN_CE : IP_ECN_ECT0;
		for (side = PREDICTED; side <= GENERAL; side++) {
			sides[side].f.in_tos[0] = tos;
			fake_in(&sides[side].f, &flow, &s, NULL, 1);
			s.flags |= TCP_URG;
		}
	}
}

static void
handshake(struct side *s, bool with_ecn, bool dctcp)
{
	struct tcp_segment syn = {
		.seq = PEER_ISS,
		.flags = with_ecn ? TCP_SYN | TCP_ECE | TCP_CWR : TCP_SYN,
		.wnd = 65535,
		.has_mss = true,
		.mss = 1460,
		.has_wscale = true,
		.wscale = PEER_SHIFT,
		.sack_permitted = true,
		.has_ts = true,
		.tsval = peer_ts,
	};
	struct tcp_segment ack = {
		.seq = PEER_ISS + 1,
		.flags = TCP_ACK,
		.wnd = 4096,
		.has_ts = true,
		.tsval = peer_ts,
	};
	const struct fake_out *o;

	s->f.path.cc = dctcp ? TCP_CC_DCTCP : TCP_CC_CUBIC;
	s->f.in_tos[0] = IP_ECN_NONE;
	fake_in(&s->f, &flow, &syn, NULL, 1);
	fake_poll(&s->f);
	o = fake_next(&s->f);
	assert_non_null(o);
	iss = o->s.seq;
	ack.ack = iss + 1;
	ack.tsecr = o->s.tsval;
	fake_in(&s->f, &flow, &ack, NULL, 1);
	fake_poll(&s->f);
	assert_non_null(s->c);
}

/* --- no difference --- */

static void
compare_output(void)
{
	const struct fake_out *a, *b;

	for (;;) {
		a = fake_next(&sides[PREDICTED].f);
		b = fake_next(&sides[GENERAL].f);
		assert_true((a == NULL) == (b == NULL));
		if (a == NULL)
			return;
		assert_memory_equal(&a->s, &b->s, sizeof(a->s));
		assert_int_equal(a->tos, b->tos);
	}
}

#define SAME(field) assert_int_equal(a->field, b->field)

static void
compare_state(void)
{
	const struct tcp_conn *a = sides[PREDICTED].c, *b = sides[GENERAL].c;

	assert_true((a == NULL) == (b == NULL));
	if (a == NULL)
		return;
	SAME(state);
	SAME(rcv_nxt);
	SAME(rcv_edge);
	SAME(rcv_buf);
	SAME(rcv_mss);
	SAME(rcv_rtt);
	SAME(unacked);
	SAME(expect);
	SAME(ack_now);
	SAME(ts_recent);
	SAME(ts_recent_at);
	SAME(ecn.echo);
	SAME(ecn.cwr);
	SAME(cc.cwnd);
	SAME(last_ack_sent);
	SAME(last_rx);
	SAME(probes);
	SAME(snd_una);
	SAME(snd_nxt);
	SAME(snd_wnd);
	SAME(snd_wnd_max);
	SAME(snd_wl1);
	SAME(snd_wl2);
	SAME(is_dirty);
	SAME(is_listed);
	SAME(events);
	SAME(taken);
	SAME(rx.data.len);
	SAME(rx.data.n_slices);
	SAME(rx.ooo_bytes);
	SAME(account.pinned);
	SAME(account.passing);
	SAME(account.promised);
	SAME(dsack.start);
	SAME(dsack.end);
	assert_memory_equal(a->deadline, b->deadline, sizeof(a->deadline));
}

static void
compare_counters(void)
{
	unsigned int i;

	for (i = 0; i < TCP_COUNTERS; i++)
		if (i != TCP_RX_PREDICTED && i != TCP_RX_URGENT)
			assert_int_equal(fake_count(&sides[PREDICTED].f, i),
					 fake_count(&sides[GENERAL].f, i));
}

static void
exchange(void)
{
	unsigned int i, side, what;
	bool with_ecn = below(3) != 0, dctcp = below(2) == 0;
	uint32_t n;

	for (side = PREDICTED; side <= GENERAL; side++)
		handshake(&sides[side], with_ecn, dctcp);
	for (i = 0; i < LENGTH && sides[GENERAL].c != NULL; i++) {
		deliver();
		compare_state();
		peer_ts += below(2);
		what = below(8);
		n = 1 + below(4000);
		for (side = PREDICTED; side <= GENERAL; side++) {
			use(&sides[side], what, n);
			fake_poll(&sides[side].f);
		}
		compare_output();
		compare_state();
	}
}

static void
fast_and_general_path_do_the_same(void **)
{
	struct tcp_listener *l;
	unsigned int i, side;
	uint64_t predicted = 0;

	for (side = PREDICTED; side <= GENERAL; side++)
		assert_int_equal(fake_tcp_env_start(&sides[side].f, NULL), 0);
	flow = fake_flow(&sides[0].f, PORT, 0);
	for (i = 0; i < EXCHANGES; i++) {
		seed = i + 1;
		peer_ts = 1000 + i;
		flow.remote_port = (uint16_t)(1024 + i);
		for (side = PREDICTED; side <= GENERAL; side++)
			assert_int_equal(tcp_listen(sides[side].f.tcp, &flow.local, PORT, 4,
						    accept_conn, &sides[side], &l),
					 0);
		exchange();
		compare_counters();
		predicted += fake_count(&sides[PREDICTED].f, TCP_RX_PREDICTED);
		assert_int_equal(fake_count(&sides[GENERAL].f, TCP_RX_PREDICTED), 0);
		for (side = PREDICTED; side <= GENERAL; side++) {
			struct fake_tcp_conf conf;

			fake_tcp_conf_default(&conf);
			assert_null(fake_tcp_env_again(&sides[side].f, &conf));
			sides[side].c = NULL;
		}
	}
	/* it was about something */
	assert_true(predicted > EXCHANGES * LENGTH / 5);
	for (side = PREDICTED; side <= GENERAL; side++)
		assert_null(fake_tcp_env_stop(&sides[side].f));
}

static int
group_setup(void **)
{
	return fake_eal_init(64);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_and_general_path_do_the_same),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
