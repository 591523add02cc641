/* SPDX-License-Identifier: BSD-3-Clause */
/* Black holes and the search for the largest packet, against a peer behind a path that drops what is too large. */
#include "tests/unit/tcp/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW (1u << 20) /* bytes in flight at most */
#define HDR_V4 52 /* IP, TCP, timestamps */
#define HDR_V6 72
#define S_IN_MS 1000u

/* The other end of the path: what it has, and what passes. */
struct peer {
	struct script *sc;
	uint16_t mtu; /* 0 = nothing passes */
	bool reports; /* a router says that a packet was too big */
	bool *has; /* by byte, modulo WINDOW */
	uint32_t next, top; /* first byte that it misses, first that was never there */
	uint16_t largest; /* packet since the last look */
	uint64_t waited; /* ms */
};

static const struct script_conf jumbo = {.path = {.mtu = 9000, .max_slices = 8}, .mss = 8960};
static const struct script_conf jumbo_v6 = {
	.v6 = true, .path = {.mtu = 9000, .max_slices = 8}, .mss = 8940};
static const struct script_conf plain = {.mss = 1460};
static const struct script_conf plain_v6 = {.v6 = true, .mss = 1440};

/* The peer does not answer keepalives, and many connections wait to be read from. */
static struct script *
begin(const struct script_conf *conf)
{
	struct script_conf c = *conf;

	if (c.fake.tcp.max_conns == 0)
		fake_tcp_conf_default(&c.fake);
	c.fake.tcp.keepalive_idle = 0;
	c.backlog = 64;
	return script_new(&c);
}

static void
peer_begin(struct peer *p, struct script *sc, uint16_t mtu)
{
	script_accept(sc);
	*p = (struct peer){.sc = sc, .mtu = mtu, .has = calloc(WINDOW, sizeof(bool))};
}

static void
peer_end(struct peer *p)
{
	free(p->has);
	script_free(p->sc);
}

static void
acknowledge(struct peer *p)
{
	struct script *sc = p->sc;
	struct tcp_segment s = {
		.seq = sc->conf.peer_iss + 1,
		.flags = A,
		.wnd = 4096,
		.has_ts = true,
		.tsval = sc->ts0 + (uint32_t)(sc->f.now / FAKE_MS),
		.tsecr = sc->last_tsval,
	};
	uint32_t i, end = p->top;

	for (; p->has[p->next % WINDOW]; p->next++)
		p->has[p->next % WINDOW] = false;
	s.ack = sc->iss + 1 + p->next;
	/* one block, the highest */
	for (i = end; i > p->next && p->has[(i - 1) % WINDOW];)
		i--;
	if (end > p->next) {
		s.n_sack = 1;
		s.sack[0] = (struct tcp_range){sc->iss + 1 + i, sc->iss + 1 + end};
	}
	fake_in(&sc->f, &sc->flow, &s, NULL, 1);
}

/* One wire packet. Return: it arrived. */
static bool
pass(struct peer *p, const struct tcp_segment *s, uint32_t off, uint32_t len)
{
	struct script *sc = p->sc;
	uint32_t size = len + (sc->conf.v6 ? HDR_V6 : HDR_V4), i;

	p->largest = size > p->largest ? (uint16_t)size : p->largest;
	if (size > p->mtu) {
		struct ip_error_info e = {
			.kind = IP_ERROR_TOO_BIG, .flow = sc->flow, .seq = s->seq, .mtu = p->mtu};

		if (p->reports)
			tcp_icmp_error(sc->f.tcp, &e, sc->f.now);
		return false;
	}
	for (i = 0; i < len; i++) {
		if (off + i >= p->next)
			p->has[(off + i) % WINDOW] = true;
	}
	p->top = off + len > p->top ? off + len : p->top;
	return true;
}

/* What was sent until now crosses the path, and the peer acknowledges each packet. */
static void
carry(struct peer *p)
{
	struct script *sc = p->sc;
	const struct fake_out *o;

	while ((o = fake_next(&sc->f)) != NULL) {
		uint32_t mss = o->mss != 0 ? o->mss : o->s.len, off, n;
		struct fake_out copy = *o;

		sc->last_tsval = copy.s.tsval;
		for (off = 0; off < copy.s.len; off += n) {
			n = copy.s.len - off < mss ? copy.s.len - off : mss;
			if (pass(p, &copy.s, copy.s.seq - sc->iss - 1 + off, n))
				acknowledge(p);
		}
		fake_poll(&sc->f);
	}
}

static void
wait(struct peer *p, unsigned int ms)
{
	for (; ms > 0; ms--) {
		carry(p);
		fake_wait(&p->sc->f, FAKE_MS);
		p->waited++;
	}
	carry(p);
}

static uint64_t
count(struct peer *p, enum tcp_counter id)
{
	return fake_count(&p->sc->f, id);
}

/* @bytes are sent and arrive. Return: how many ms it took. */
static uint64_t
transfer(struct peer *p, uint32_t bytes)
{
	struct step send[] = {{.op = OP_SEND, .n = bytes}, END};
	uint64_t began = p->waited;

	p->largest = 0;
	script_run(p->sc, send, "send");
	while (tcp_acked(p->sc->c) < tcp_queued(p->sc->c)) {
		wait(p, 1);
		assert_true(p->waited - began < 60 * S_IN_MS);
	}
	return p->waited - began;
}

static uint16_t
path_mtu(struct peer *p)
{
	struct tcp_info info;
	unsigned int next;

	assert_int_equal(tcp_list(p->sc->f.tcp, 0, &info, 1, &next, p->sc->f.now), 1);
	assert_int_equal(info.mtu, p->sc->f.path.mtu);
	return info.path_mtu;
}

/* --- down --- */

static void
black_hole_is_left_within_a_second(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	assert_in_range(transfer(&p, 60000), 600, 1000);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 1);
	assert_int_equal(count(&p, TCP_RTO), 2);
	assert_int_equal(path_mtu(&p), 1500);
	peer_end(&p);
}

static void
black_hole_is_told_once_when_it_is_certain(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 40000);
	assert_int_equal(p.sc->f.n_shrunk, 0);
	while (count(&p, TCP_PMTU_MISMATCH) == 0) {
		transfer(&p, 100000);
		wait(&p, 50);
		assert_true(p.waited < 5 * S_IN_MS);
	}
	assert_int_equal(p.sc->f.n_shrunk, 1);
	assert_int_equal(p.sc->f.shrunk_mtu, 1500);
	/* the loss of a probe is no congestion */
	assert_int_equal(count(&p, TCP_SACK_RECOVERY), 0);
	assert_int_equal(count(&p, TCP_RTO), 2);
	while (p.waited < 20 * S_IN_MS) {
		transfer(&p, 100000);
		wait(&p, 200);
	}
	assert_int_equal(p.sc->f.n_shrunk, 1);
	assert_int_equal(path_mtu(&p), 1500);
	assert_int_equal(count(&p, TCP_SACK_RECOVERY), 0);
	peer_end(&p);
}

/* The search ends near what passes, never above. */
static void
found_size_is_close_to_what_passes(void **)
{
	static const struct {
		const struct script_conf *conf;
		uint16_t mtu, at_least;
	} cases[] = {
		{&jumbo, 1500, 1500},	 {&jumbo, 4352, 4352},	  {&jumbo, 4400, 4352},
		{&jumbo, 8950, 8700},	 {&jumbo, 2044, 2002},	  {&jumbo, 1400, 1360},
		{&plain, 1420, 1380},	 {&plain, 1030, 1024},	  {&jumbo_v6, 4352, 4352},
		{&plain_v6, 1280, 1280}, {&jumbo_v6, 1280, 1280},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer p;

		peer_begin(&p, begin(cases[i].conf), cases[i].mtu);
		while (p.waited < 20 * S_IN_MS) {
			transfer(&p, 60000);
			wait(&p, 100);
		}
		assert_in_range(path_mtu(&p), cases[i].at_least, cases[i].mtu);
		assert_int_equal(count(&p, TCP_PMTU_MISMATCH), 1);
		/* what is sent agrees with it, and the search is over */
		transfer(&p, 60000);
		assert_int_equal(p.largest, path_mtu(&p));
		peer_end(&p);
	}
}

static void
small_segments_that_are_lost_are_no_black_hole(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 0);
	script_run(p.sc, (const struct step[]){SEND(1000), END}, "send");
	wait(&p, 10000);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 0);
	p.mtu = 9000;
	wait(&p, 9000);
	assert_int_equal(tcp_acked(p.sc->c), 1000);
	peer_end(&p);
}

/* An outage looks like a black hole at first; the first probe tells, and nobody is alarmed. */
static void
outage_is_forgotten_by_the_first_probe(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 0);
	script_run(p.sc, (const struct step[]){SEND(200000), END}, "send");
	wait(&p, 8000);
	assert_int_equal(path_mtu(&p), 1024);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 3);
	p.mtu = 9000;
	transfer(&p, 200000);
	assert_int_equal(path_mtu(&p), 9000);
	assert_int_equal(count(&p, TCP_PMTU_PROBE), 1);
	assert_int_equal(count(&p, TCP_PMTU_PROBE_LOST), 0);
	assert_int_equal(p.sc->f.n_shrunk, 0);
	peer_end(&p);
}

static void
short_outage_changes_nothing_at_the_usual_size(void **)
{
	struct peer p;

	peer_begin(&p, begin(&plain), 0);
	script_run(p.sc, (const struct step[]){SEND(60000), END}, "send");
	wait(&p, 1500);
	assert_int_equal(path_mtu(&p), 1500);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 0);
	peer_end(&p);
}

static void
path_that_narrows_in_mid_transfer_is_followed(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 9000);
	assert_true(transfer(&p, 100000) < 100);
	p.mtu = 1500;
	assert_true(transfer(&p, 100000) < 1500);
	assert_int_equal(path_mtu(&p), 1500);
	peer_end(&p);
}

/* --- up --- */

static void
search_begins_anew_after_ten_minutes(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	while (p.waited < 20 * S_IN_MS) {
		transfer(&p, 60000);
		wait(&p, 100);
	}
	p.mtu = 9000;
	transfer(&p, 60000);
	assert_int_equal(path_mtu(&p), 1500);
	fake_wait(&p.sc->f, 600000 * FAKE_MS);
	transfer(&p, 60000);
	assert_int_equal(path_mtu(&p), 9000);
	transfer(&p, 60000);
	assert_int_equal(p.largest, 9000);
	peer_end(&p);
}

static void
probe_waits_until_enough_follows_it(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 20000);
	p.mtu = 9000;
	transfer(&p, 10000);
	assert_int_equal(count(&p, TCP_PMTU_PROBE), 0);
	transfer(&p, 60000);
	assert_int_equal(count(&p, TCP_PMTU_PROBE), 1);
	assert_int_equal(path_mtu(&p), 9000);
	peer_end(&p);
}

static void
probe_may_be_acknowledged_by_sack(void **)
{
	struct peer p;
	struct step send[] = {SEND(60000), END};
	const struct fake_out *o;
	struct tcp_segment s;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 60000);
	while (count(&p, TCP_PMTU_PROBE) == 0) {
		wait(&p, 300);
		transfer(&p, 20000);
	}
	wait(&p, 300);
	/* the probe alone is reported; what was sent before it is missing */
	script_run(p.sc, send, "send");
	s = (struct tcp_segment){.seq = p.sc->conf.peer_iss + 1,
				 .ack = p.sc->iss + 1 + p.next,
				 .flags = A,
				 .wnd = 4096,
				 .has_ts = true,
				 .tsval = p.sc->ts0 + (uint32_t)(p.sc->f.now / FAKE_MS),
				 .n_sack = 1};
	while ((o = fake_next(&p.sc->f)) != NULL) {
		if (o->s.len > 1448)
			s.sack[0] = (struct tcp_range){o->s.seq, o->s.seq + o->s.len};
	}
	assert_int_not_equal(s.sack[0].end, 0);
	fake_in(&p.sc->f, &p.sc->flow, &s, NULL, 1);
	assert_int_equal(path_mtu(&p), 9000);
	p.mtu = 9000;
	wait(&p, 2000);
	peer_end(&p);
}

static void
report_about_a_probe_names_the_size_to_try(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 20000);
	p.mtu = 4000;
	p.reports = true;
	transfer(&p, 60000);
	transfer(&p, 60000);
	assert_int_equal(path_mtu(&p), 4000);
	assert_int_equal(count(&p, TCP_PMTU_PROBE), 2);
	assert_int_equal(count(&p, TCP_PMTU), 0);
	assert_int_equal(p.sc->f.n_shrunk, 1);
	peer_end(&p);
}

static void
probe_without_an_mbuf_comes_later(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 20000);
	p.mtu = 9000;
	script_run(p.sc, (const struct step[]){STARVE(30), SEND(60000), END}, "send");
	assert_int_equal(count(&p, TCP_PMTU_PROBE), 0);
	fake_feed(&p.sc->f);
	wait(&p, 100);
	assert_int_equal(tcp_acked(p.sc->c), 80000);
	assert_int_equal(path_mtu(&p), 9000);
	peer_end(&p);
}

/* --- the port --- */

static void
large_segments_are_cut_at_the_size_that_passes(void **)
{
	struct script_conf conf = jumbo;
	struct peer p;

	conf.path.tso_max = 65000;
	conf.path.tso_max_slices = 64;
	peer_begin(&p, begin(&conf), 1500);
	transfer(&p, 100000);
	while (p.waited < 20 * S_IN_MS) {
		transfer(&p, 60000);
		wait(&p, 100);
	}
	transfer(&p, 200000);
	assert_int_equal(p.largest, 1500);
	peer_end(&p);
}

static void
numbers_may_wrap_under_a_probe(void **)
{
	struct script_conf conf = jumbo;
	struct peer p;

	conf.iss = 0u - 70000;
	peer_begin(&p, begin(&conf), 1500);
	assert_int_equal(p.sc->iss, 0u - 70000);
	transfer(&p, 20000);
	p.mtu = 9000;
	transfer(&p, 100000);
	assert_int_equal(path_mtu(&p), 9000);
	peer_end(&p);
}

/* --- what is known about a destination --- */

static void
begin_stream(struct peer *p)
{
	p->sc->sent = 0;
	memset(p->has, 0, WINDOW * sizeof(bool));
	p->next = p->top = 0;
}

/* Another connection of the same peer. */
static void
next_connection(struct peer *p)
{
	p->sc->flow.remote_port--;
	p->sc->has_iss = false;
	p->sc->n_accepted = 0;
	begin_stream(p);
	script_accept(p->sc);
}

static void
new_connections_begin_with_what_is_known(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 20000);
	next_connection(&p);
	assert_true(transfer(&p, 12000) < 100);
	assert_int_equal(p.largest, 1500);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 1);
	peer_end(&p);
}

static void
what_is_known_is_forgotten_when_nobody_asks(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo), 1500);
	transfer(&p, 20000);
	fake_wait(&p.sc->f, 1300000 * FAKE_MS);
	next_connection(&p);
	p.mtu = 9000;
	transfer(&p, 60000);
	assert_int_equal(p.largest, 9000);
	peer_end(&p);
}

static void
connection_that_is_there_learns_at_its_first_timeout(void **)
{
	struct tcp_conn *first;
	struct peer p;
	uint32_t iss;

	peer_begin(&p, begin(&jumbo), 1500);
	first = p.sc->c;
	iss = p.sc->iss;
	next_connection(&p);
	transfer(&p, 20000);
	assert_int_equal(count(&p, TCP_RTO), 2);
	/* now the first one sends */
	p.sc->flow.remote_port++;
	p.sc->c = first;
	p.sc->iss = iss;
	begin_stream(&p);
	assert_in_range(transfer(&p, 20000), 200, 300);
	assert_int_equal(count(&p, TCP_RTO), 3);
	assert_int_equal(count(&p, TCP_PMTU_BLACK_HOLE), 1);
	peer_end(&p);
}

static void
report_by_icmp_is_known_to_the_next_connection(void **)
{
	struct peer p;

	peer_begin(&p, begin(&jumbo_v6), 1400);
	p.reports = true;
	transfer(&p, 20000);
	assert_int_equal(path_mtu(&p), 1400);
	assert_int_equal(p.sc->f.n_shrunk, 1);
	assert_int_equal(p.sc->f.shrunk_mtu, 1400);
	next_connection(&p);
	transfer(&p, 12000);
	assert_int_equal(p.largest, 1400);
	assert_int_equal(count(&p, TCP_PMTU), 1);
	assert_int_equal(count(&p, TCP_RTO), 0);
	peer_end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(black_hole_is_left_within_a_second),
		cmocka_unit_test(black_hole_is_told_once_when_it_is_certain),
		cmocka_unit_test(found_size_is_close_to_what_passes),
		cmocka_unit_test(small_segments_that_are_lost_are_no_black_hole),
		cmocka_unit_test(outage_is_forgotten_by_the_first_probe),
		cmocka_unit_test(short_outage_changes_nothing_at_the_usual_size),
		cmocka_unit_test(path_that_narrows_in_mid_transfer_is_followed),
		cmocka_unit_test(search_begins_anew_after_ten_minutes),
		cmocka_unit_test(probe_waits_until_enough_follows_it),
		cmocka_unit_test(probe_may_be_acknowledged_by_sack),
		cmocka_unit_test(report_about_a_probe_names_the_size_to_try),
		cmocka_unit_test(probe_without_an_mbuf_comes_later),
		cmocka_unit_test(large_segments_are_cut_at_the_size_that_passes),
		cmocka_unit_test(numbers_may_wrap_under_a_probe),
		cmocka_unit_test(new_connections_begin_with_what_is_known),
		cmocka_unit_test(what_is_known_is_forgotten_when_nobody_asks),
		cmocka_unit_test(connection_that_is_there_learns_at_its_first_timeout),
		cmocka_unit_test(report_by_icmp_is_known_to_the_next_connection),
	};

	return cmocka_run_group_tests_name("tcp/pmtud", tests, script_group_setup, NULL);
}
