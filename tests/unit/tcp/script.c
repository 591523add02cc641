/* SPDX-License-Identifier: BSD-3-Clause */
/* Scripted exchanges with one connection. */
#include "tests/unit/tcp/script.h"

#include "tests/fake/eal.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOCAL_PORT 988
#define REMOTE_PORT 1023

uint8_t
script_byte(bool ours, uint64_t off)
{
	return (uint8_t)(off * 7 + (off >> 8) * 13 + (ours ? 101 : 0));
}

/* @lie: all bits are turned. */
static uint8_t *
pattern(bool ours, bool lie, uint64_t off, uint32_t len)
{
	uint8_t *p = malloc(len + 1);
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = script_byte(ours, off + i) ^ (lie ? 0xff : 0);
	return p;
}

#define FAIL(...) fail_step(sc, __VA_ARGS__)
__attribute__((format(printf, 2, 3), noreturn)) static void
fail_step(struct script *sc, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail_msg("step %u: %s (numbers from %u and %u)", sc->n_step, text, sc->iss,
		 sc->conf.peer_iss);
	abort();
}

/* --- the user --- */

static void
on_connected(struct tcp_conn *, void *user, uint64_t)
{
	((struct script *)user)->n_connected++;
}

static void
on_readable(struct tcp_conn *, void *user, uint64_t now)
{
	struct script *sc = user;

	sc->n_readable++;
	if (sc->on_readable != NULL)
		sc->on_readable(sc, now);
}

static void
on_acked(struct tcp_conn *, void *user, uint64_t)
{
	((struct script *)user)->n_acked++;
}

static void
on_closed(struct tcp_conn *, void *user, int err, uint64_t)
{
	struct script *sc = user;

	sc->n_closed++;
	sc->err = err;
	sc->c = NULL;
}

static const struct tcp_ops ops = {
	.connected = on_connected,
	.readable = on_readable,
	.acked = on_acked,
	.closed = on_closed,
};

static int
on_accept(struct tcp_conn *c, void *user, uint64_t now)
{
	struct script *sc = user;

	if (sc->conf.accept_aborts)
		tcp_abort(c, now);
	if (sc->conf.accept_rc < 0)
		return sc->conf.accept_rc;
	sc->n_accepted++;
	sc->c = c;
	tcp_set_user(c, &ops, sc);
	return 0;
}

static struct script_conf
whole_conf(const struct script_conf *conf)
{
	struct script_conf whole = conf != NULL ? *conf : (struct script_conf){0};

	if (whole.fake.tcp.max_conns == 0)
		fake_tcp_conf_default(&whole.fake);
	whole.mss = whole.mss != 0 ? whole.mss : 1460;
	whole.wnd = whole.wnd != 0 ? whole.wnd : 512;
	whole.peer_iss = whole.peer_iss != 0 ? whole.peer_iss : 1000;
	whole.peer_ts = whole.peer_ts != 0 ? whole.peer_ts : 4000000000u;
	whole.backlog = whole.backlog != 0 ? whole.backlog : 4;
	return whole;
}

struct script *
script_new(const struct script_conf *conf)
{
	struct script *sc = calloc(1, sizeof(*sc));
	struct script_conf begin = conf != NULL ? *conf : (struct script_conf){0}, whole;

	script_set_wrap(&begin);
	whole = whole_conf(&begin);
	assert_int_equal(fake_tcp_env_start(&sc->f, &whole.fake), 0);
	script_again(sc, &begin);
	return sc;
}

void
script_again(struct script *sc, const struct script_conf *conf)
{
	struct script_conf whole = whole_conf(conf);
	struct ip_flow flow;
	const char *leak;

	sc->f.v6 = whole.v6;
	flow = whole.dials ? fake_flow(&sc->f, REMOTE_PORT, LOCAL_PORT)
			   : fake_flow(&sc->f, LOCAL_PORT, REMOTE_PORT);
	script_set_clock(&whole, &flow, sc->f.now);
	leak = fake_tcp_env_again(&sc->f, &whole.fake);
	if (leak != NULL)
		fail_msg("%s", leak);
	if (whole.path.mtu != 0)
		sc->f.path = whole.path;
	memset((char *)sc + sizeof(sc->f), 0, sizeof(*sc) - sizeof(sc->f));
	sc->conf = whole;
	sc->flow = flow;
	sc->ts0 = whole.peer_ts - (uint32_t)(sc->f.now / FAKE_MS);
	assert_int_equal(tcp_listen(sc->f.tcp, &flow.local, LOCAL_PORT, whole.backlog, on_accept,
				    sc, &sc->listener),
			 0);
}

void
script_free(struct script *sc)
{
	const char *leak = fake_tcp_env_stop(&sc->f);

	if (leak != NULL)
		fail_msg("%s", leak);
	free(sc);
}

/* --- segments --- */

static uint32_t
peer_ts(const struct script *sc, int shift)
{
	return sc->ts0 + (uint32_t)(sc->f.now / FAKE_MS) + (uint32_t)shift;
}

static struct tcp_segment
make_in(struct script *sc, const struct step *st)
{
	struct tcp_segment s = {
		.seq = sc->conf.peer_iss + st->seq,
		.ack = (st->flags & TCP_ACK) != 0 ? sc->iss + st->ack : 0,
		.flags = st->flags,
		.len = st->len,
		.wnd = st->wnd < 0    ? 0
			: st->wnd > 0 ? (uint16_t)st->wnd
				      : sc->conf.wnd,
	};
	unsigned int i;

	if (st->opts != NULL)
		return s;
	if ((st->flags & TCP_SYN) != 0) {
		s.has_mss = !sc->conf.no_mss;
		s.mss = sc->conf.mss;
		s.has_wscale = !sc->conf.no_wscale;
		s.wscale = 7;
		s.sack_permitted = !sc->conf.no_sack;
	}
	if (!sc->conf.no_ts && !st->no_ts) {
		s.has_ts = true;
		s.tsval = peer_ts(sc, st->ts);
		s.tsecr = sc->last_tsval + (uint32_t)st->echo;
	}
	s.n_sack = (uint8_t)st->n_sack;
	for (i = 0; i < st->n_sack; i++)
		s.sack[i] =
			(struct tcp_range){sc->iss + st->sack[i].start, sc->iss + st->sack[i].end};
	return s;
}

static void
step_in(struct script *sc, const struct step *st)
{
	unsigned int i = sc->n_burst++;

	assert_true(i < 8);
	sc->f.in_tos[i] = st->tos;
	sc->burst[i] = make_in(sc, st);
	sc->burst_payload[i] =
		pattern(false, st->lie, st->seq - 1 + ((st->flags & S) != 0), st->len);
	if (st->op == OP_BURST)
		return;
	if (st->opts != NULL || st->urg != 0)
		fake_in_odd(&sc->f, &sc->flow, &sc->burst[0], st->opts, st->n_opts, st->urg,
			    sc->burst_payload[0]);
	else if (sc->n_burst == 1)
		fake_in(&sc->f, &sc->flow, &sc->burst[0], sc->burst_payload[0], st->pieces);
	else
		fake_in_burst(&sc->f, &sc->flow, sc->burst,
			      (const uint8_t *const *)sc->burst_payload, sc->n_burst);
	fake_poll(&sc->f);
	while (sc->n_burst > 0)
		free(sc->burst_payload[--sc->n_burst]);
}

static void
check_sack(struct script *sc, const struct step *st, const struct tcp_segment *s)
{
	unsigned int i;

	if (s->n_sack != st->n_sack)
		FAIL("%u SACK blocks, not %u", s->n_sack, st->n_sack);
	for (i = 0; i < st->n_sack; i++) {
		uint32_t start = s->sack[i].start - sc->conf.peer_iss,
			 end = s->sack[i].end - sc->conf.peer_iss;

		if (start != st->sack[i].start || end != st->sack[i].end)
			FAIL("SACK block %u is %u..%u, not %u..%u", i, start, end,
			     st->sack[i].start, st->sack[i].end);
	}
}

static void
check_offers(struct script *sc, const struct step *st, const struct tcp_segment *s)
{
	unsigned int offers = (s->has_mss ? OFFERS_MSS : 0) | (s->has_wscale ? OFFERS_WSCALE : 0) |
		(s->sack_permitted ? OFFERS_SACK : 0) | (s->has_ts ? OFFERS_TS : 0);

	if (st->offers != 0 && offers != (st->offers & ~(unsigned int)OFFERS_NOTHING))
		FAIL("options %02x, not %02x", offers, st->offers);
}

static void
check_payload(struct script *sc, const struct fake_out *o)
{
	uint32_t i, off = o->s.seq - sc->iss - 1;

	for (i = 0; i < o->s.len; i++) {
		if (o->payload[i] != script_byte(true, off + i))
			FAIL("payload byte %u is wrong", i);
	}
}

static void
step_out(struct script *sc, const struct step *st)
{
	const struct fake_out *o = fake_next(&sc->f);
	uint32_t seq, ack;
	bool new_numbers;

	if (o == NULL)
		FAIL("nothing was sent; flags %02x seq %u ack %u len %u expected", st->flags,
		     st->seq, st->ack, st->len);
	if (st->seq == SEQ_ABOVE && (int32_t)(o->s.seq - sc->iss) <= 2)
		FAIL("the new numbers are not above the old ones");
	new_numbers = st->seq == SEQ_ANY || st->seq == SEQ_ABOVE;
	if ((!sc->has_iss || new_numbers) && (o->s.flags & TCP_SYN) != 0) {
		sc->iss = o->s.seq;
		sc->has_iss = true;
	}
	if (o->s.has_ts)
		sc->last_tsval = o->s.tsval;
	seq = o->s.seq - sc->iss;
	ack = (o->s.flags & TCP_ACK) != 0 ? o->s.ack - sc->conf.peer_iss : 0;
	if (o->s.flags != st->flags || seq != (new_numbers ? 0 : st->seq) || ack != st->ack ||
	    o->s.len != st->len)
		FAIL("sent flags %02x seq %u ack %u len %u, not %02x %u %u %u", o->s.flags, seq,
		     ack, o->s.len, st->flags, st->seq, st->ack, st->len);
	if (memcmp(&o->flow, &sc->flow, sizeof(o->flow)) != 0 ||
	    o->s.src_port != sc->flow.local_port || o->s.dst_port != sc->flow.remote_port)
		FAIL("sent to the wrong place");
	check_sack(sc, st, &o->s);
	check_offers(sc, st, &o->s);
	check_payload(sc, o);
	if (st->wnd != 0 && o->s.wnd != (st->wnd < 0 ? 0 : st->wnd))
		FAIL("window %u, not %d", o->s.wnd, st->wnd);
	if ((o->tos & IP_ECN_MASK) != st->tos)
		FAIL("ECN bits %u, not %u", o->tos & IP_ECN_MASK, st->tos);
	if (st->pieces != 0 && o->mbufs != st->pieces)
		FAIL("%u mbufs, not %u", o->mbufs, st->pieces);
}

/* --- the other steps --- */

static void
step_send(struct script *sc, const struct step *st)
{
	uint8_t *p = pattern(true, false, sc->sent, (uint32_t)st->n);
	struct buf b = {0};

	assert_int_equal(buf_copy_in(&b, &sc->f.mem, p, (uint32_t)st->n), 0);
	free(p);
	if (tcp_send(sc->c, &b, st->op == OP_SEND_MORE, sc->f.now) != 0)
		FAIL("tcp_send failed");
	sc->sent += st->n;
	fake_poll(&sc->f);
}

static void
step_take(struct script *sc, const struct step *st)
{
	struct buf b = {0};
	uint8_t *p = malloc(st->n + 1), lie = st->op == OP_TAKE_LIES ? 0xff : 0;
	uint32_t i;

	if (tcp_rx_take(sc->c, &b, (uint32_t)st->n, sc->f.now) != 0)
		FAIL("%u bytes wait, not %" PRIu64, tcp_rx_len(sc->c), st->n);
	buf_copy_out(&b, 0, p, (uint32_t)st->n);
	for (i = 0; i < st->n; i++) {
		if (p[i] != (script_byte(false, sc->taken + i) ^ lie))
			FAIL("byte %u received is wrong", i);
	}
	sc->taken += st->n;
	free(p);
	buf_release(&b, &sc->f.mem);
	fake_poll(&sc->f);
}

static void
step_icmp(struct script *sc, const struct step *st, enum ip_error kind)
{
	struct ip_error_info info = {
		.kind = kind,
		.flow = sc->flow,
		.seq = sc->iss + st->seq,
		.mtu = (uint16_t)st->n,
	};

	tcp_icmp_error(sc->f.tcp, &info, sc->f.now);
	fake_poll(&sc->f);
}

static uint32_t
cwnd_of(struct script *sc)
{
	unsigned int next;
	struct tcp_info info = {0};

	tcp_list(sc->f.tcp, 0, &info, 1, &next, sc->f.now);
	return info.cwnd;
}

static const char *
state_of(struct script *sc)
{
	struct tcp_info info;
	unsigned int next;

	return tcp_list(sc->f.tcp, 0, &info, 1, &next, sc->f.now) == 1 ? info.state : "none";
}

static void
check_told(struct script *sc, const struct step *st)
{
	switch (st->op) {
	case OP_CONNECTED:
		if (sc->n_connected != 1)
			FAIL("connected() was called %u times", sc->n_connected);
		break;
	case OP_CLOSED:
		if (sc->n_closed != 1 || sc->err != -(int)st->n)
			FAIL("closed() was called %u times, last with %d", sc->n_closed, sc->err);
		break;
	case OP_OPEN:
		if (sc->n_closed != 0)
			FAIL("closed() was called with %d", sc->err);
		break;
	case OP_LEN:
		if (tcp_rx_len(sc->c) != st->n)
			FAIL("%u bytes wait, not %" PRIu64, tcp_rx_len(sc->c), st->n);
		break;
	case OP_EOF:
		if (!tcp_rx_eof(sc->c))
			FAIL("no end of the stream");
		break;
	case OP_CWND:
		if (cwnd_of(sc) != st->n)
			FAIL("the congestion window is %u, not %" PRIu64, cwnd_of(sc), st->n);
		break;
	case OP_ACKED:
		if (tcp_acked(sc->c) != st->n)
			FAIL("%" PRIu64 " bytes are acknowledged, not %" PRIu64, tcp_acked(sc->c),
			     st->n);
		break;
	case OP_STATE:
		if (strcmp(state_of(sc), st->text) != 0)
			FAIL("state %s, not %s", state_of(sc), st->text);
		break;
	default:
		if (fake_count(&sc->f, (enum tcp_counter)st->n) != st->len)
			FAIL("the counter is %" PRIu64 ", not %u",
			     fake_count(&sc->f, (enum tcp_counter)st->n), st->len);
		break;
	}
}

static void
step_call(struct script *sc, const struct step *st)
{
	switch (st->op) {
	case OP_CLOSE:
		tcp_close(sc->c, sc->f.now);
		break;
	case OP_ABORT:
		tcp_abort(sc->c, sc->f.now);
		break;
	case OP_CONNECT:
	case OP_CONNECT_AGAIN:
		sc->has_iss = st->op == OP_CONNECT_AGAIN;
		if (tcp_connect(sc->f.tcp, &sc->flow, 0, &ops, sc, sc->f.now, &sc->c) != 0)
			FAIL("tcp_connect failed");
		break;
	case OP_STARVE:
		fake_starve(&sc->f, (unsigned int)st->n);
		break;
	case OP_FEED:
		fake_feed(&sc->f);
		break;
	default:
		tcp_rx_expect(sc->c, (uint32_t)st->n);
		break;
	}
	fake_poll(&sc->f);
}

static void
run_step(struct script *sc, const struct step *st)
{
	const struct fake_out *o;

	switch (st->op) {
	case OP_IN:
	case OP_BURST:
		step_in(sc, st);
		break;
	case OP_OUT:
		step_out(sc, st);
		break;
	case OP_QUIET:
		o = fake_next(&sc->f);
		if (o != NULL)
			FAIL("sent flags %02x seq %u ack %u len %u", o->s.flags, o->s.seq - sc->iss,
			     o->s.ack - sc->conf.peer_iss, o->s.len);
		break;
	case OP_SKIP:
		while ((o = fake_next(&sc->f)) != NULL)
			sc->last_tsval = o->s.has_ts ? o->s.tsval : sc->last_tsval;
		break;
	case OP_WAIT:
		fake_wait(&sc->f, st->n * FAKE_MS);
		break;
	case OP_SEND:
	case OP_SEND_MORE:
		step_send(sc, st);
		break;
	case OP_TAKE:
	case OP_TAKE_LIES:
		step_take(sc, st);
		break;
	case OP_TOO_BIG:
		step_icmp(sc, st, IP_ERROR_TOO_BIG);
		break;
	case OP_UNREACHABLE:
		step_icmp(sc, st, IP_ERROR_UNREACHABLE);
		break;
	case OP_REFUSED:
		step_icmp(sc, st, IP_ERROR_REFUSED);
		break;
	case OP_CLOSE:
	case OP_ABORT:
	case OP_CONNECT:
	case OP_CONNECT_AGAIN:
	case OP_STARVE:
	case OP_FEED:
	case OP_EXPECT:
		step_call(sc, st);
		break;
	default:
		check_told(sc, st);
		break;
	}
}

void
script_run(struct script *sc, const struct step *steps, const char *where)
{
	const struct step *st;

	sc->n_step = 0;
	for (st = steps; st->op != OP_END; st++) {
		sc->n_step++;
		sc->step = st;
		if (getenv("SCRIPT_VERBOSE") != NULL)
			printf("%s step %u\n", where, sc->n_step);
		run_step(sc, st);
	}
}

void
script_accept(struct script *sc)
{
	const struct step steps[] = {
		IN(S, 0, 0, 0),
		OUT(S | A, 0, 1, 0),
		WAIT(sc->conf.rtt_ms),
		IN(A, 1, 1, 0),
		QUIET,
		STATE("ESTABLISHED"),
		END,
	};

	script_run(sc, steps, "accept");
	assert_int_equal(sc->n_accepted, 1);
}

void
script_connect(struct script *sc)
{
	const struct step steps[] = {
		CONNECT,
		OUT(S, 0, 0, 0),
		WAIT(sc->conf.rtt_ms),
		IN(S | A, 0, 1, 0),
		OUT(A, 1, 1, 0),
		QUIET,
		CONNECTED,
		STATE("ESTABLISHED"),
		END,
	};

	script_run(sc, steps, "connect");
}

int
script_group_setup(void **)
{
	return fake_eal_init(128);
}
