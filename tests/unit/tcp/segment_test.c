/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments as mbufs: memory by reference, limits of slices, large segments, linear copies. */
#include "tests/unit/tcp/script.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct script_conf few_slices = {.path = {.mtu = 1500, .max_slices = 3}};
static const struct script_conf tso = {
	.path = {.mtu = 1500, .tso_max = 65000, .tso_max_slices = 40, .max_slices = 8}};
static const struct script_conf tso_few = {
	.path = {.mtu = 1500, .tso_max = 65000, .tso_max_slices = 4, .max_slices = 4}};
static const struct script_conf jumbo = {.path = {.mtu = 9000, .max_slices = 8}, .mss = 8960};

static void
add_pieces(struct script *sc, struct buf *all, unsigned int n, uint32_t len)
{
	uint8_t *p = malloc(len);
	unsigned int i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < len; k++)
			p[k] = script_byte(true, sc->sent + k);
		assert_int_equal(buf_copy_in(all, &sc->f.mem, p, len), 0);
		sc->sent += len;
	}
	free(p);
}

/* Send @n pieces of @len bytes each, in one go. */
static void
send_pieces(struct script *sc, unsigned int n, uint32_t len)
{
	struct buf all = {0};

	add_pieces(sc, &all, n, len);
	assert_int_equal(all.n_slices, n);
	assert_int_equal(tcp_send(sc->c, &all, false, sc->f.now), 0);
	fake_poll(&sc->f);
}

static void
run_pieces(const struct script_conf *conf, unsigned int n, uint32_t len, const struct step *steps)
{
	struct script *sc = script_new(conf);

	script_accept(sc);
	send_pieces(sc, n, len);
	script_run(sc, steps, "pieces");
	script_free(sc);
}

static void
payload_is_sent_by_reference(void **)
{
	static const struct step steps[] = {OUT(P | A, 1, 1, 1400, .pieces = 3), QUIET,
					    COUNT(TX_LINEARISED, 0), END};

	run_pieces(NULL, 2, 700, steps);
}

static void
small_payload_lies_in_the_header_mbuf(void **)
{
	static const struct step steps[] = {OUT(P | A, 1, 1, 180, .pieces = 1), QUIET,
					    COUNT(TX_LINEARISED, 0), END};

	run_pieces(NULL, 3, 60, steps);
}

static void
too_many_slices_are_copied(void **)
{
	static const struct step steps[] = {OUT(A, 1, 1, MSS, .pieces = 1),
					    OUT(P | A, 1 + MSS, 1, 1600 - MSS, .pieces = 1),
					    COUNT(TX_LINEARISED, 1),
					    WAIT(10),
					    OUT(P | A, 1 + MSS, 1, 1600 - MSS),
					    WAIT(200),
					    OUT(A, 1, 1, MSS, .pieces = 1),
					    COUNT(TX_LINEARISED, 2),
					    IN(A, 1, 1601, 0),
					    ACKED(1600),
					    END};

	run_pieces(&few_slices, 8, 200, steps);
}

static void
too_many_slices_of_a_jumbo_are_copied_into_several(void **)
{
	static const struct step steps[] = {OUT(A, 1, 1, 8948, .pieces = 5), SKIP,
					    COUNT(TX_LINEARISED, 2), END};

	run_pieces(&jumbo, 60, 200, steps);
}

static void
large_segment_is_one_unit(void **)
{
	static const struct step steps[] = {OUT(P | A, 1, 1, 14000, .pieces = 15), QUIET,
					    IN(A, 1, 14001, 0), ACKED(14000), END};

	run_pieces(&tso, 14, 1000, steps);
}

static void
large_segment_obeys_the_limit_of_slices(void **)
{
	/* three slices of payload at once, cut to whole segments */
	static const struct step steps[] = {OUT(A, 1, 1, 2 * MSS),
					    OUT(A, 1 + 2 * MSS, 1, MSS),
					    OUT(P | A, 1 + 3 * MSS, 1, 6000 - 3 * MSS),
					    QUIET,
					    COUNT(TX_LINEARISED, 0),
					    IN(A, 1, 6001, 0),
					    ACKED(6000),
					    END};

	run_pieces(&tso_few, 6, 1000, steps);
}

static void
large_segment_of_crumbs_becomes_a_copied_one(void **)
{
	static const struct step steps[] = {OUT(A, 1, 1, MSS, .pieces = 1),
					    OUT(A, 1 + MSS, 1, MSS, .pieces = 1),
					    SKIP,
					    IN(A, 1, 3001, 0),
					    ACKED(3000),
					    END};

	run_pieces(&tso_few, 30, 100, steps);
}

/* Each packet that the port cuts obeys the limit of a packet: crumbs among full segments go by themselves. */
static void
crumbs_in_a_large_segment_are_sent_apart(void **)
{
	static const struct step steps[] = {OUT(A, 1, 1, 2 * MSS, .pieces = 3),
					    OUT(A, 1 + 2 * MSS, 1, MSS, .pieces = 1),
					    OUT(P | A, 1 + 3 * MSS, 1, 2 * MSS - 8),
					    QUIET,
					    COUNT(TX_LINEARISED, 1),
					    END};
	struct script *sc = script_new(&tso);
	struct buf all = {0};

	script_accept(sc);
	add_pieces(sc, &all, 2, MSS);
	add_pieces(sc, &all, 12, 120);
	add_pieces(sc, &all, 2, MSS);
	assert_int_equal(tcp_send(sc->c, &all, false, sc->f.now), 0);
	fake_poll(&sc->f);
	script_run(sc, steps, __func__);
	script_free(sc);
}

static const struct script_conf tso_not_small = {.path = {.mtu = 1500,
							  .tso_max = 65000,
							  .tso_max_slices = 40,
							  .max_slices = 8,
							  .tso_mss_min = MSS + 1}};
SCRIPT(packets_smaller_than_the_port_cuts_to_are_sent_one_by_one, ACCEPTED, &tso_not_small,
       SEND(3 * MSS), OUT(A, 1, 1, MSS), OUT(A, 1 + MSS, 1, MSS), OUT(P | A, 1 + 2 * MSS, 1, MSS))

static void
large_segment_lost_in_part_is_cut(void **)
{
	static const struct step steps[] = {OUT(P | A, 1, 1, 10 * MSS),
					    WAIT(1),
					    IN(A, 1, 1 + MSS, 0, SACK1(1 + 2 * MSS, 1 + 7 * MSS)),
					    OUT(A, 1 + MSS, 1, MSS),
					    QUIET,
					    WAIT(1),
					    IN(A, 1, 1 + 7 * MSS, 0),
					    OUT(P | A, 1 + 7 * MSS, 1, 3 * MSS),
					    IN(A, 1, 1 + 10 * MSS, 0),
					    ACKED(10 * MSS),
					    COUNT(RTO, 0),
					    END};

	run_pieces(&tso, 10, MSS, steps);
}

static void
large_segment_acked_in_part_goes_on_from_there(void **)
{
	static const struct step steps[] = {OUT(P | A, 1, 1, 10 * MSS),
					    IN(A, 1, 1 + 4 * MSS + 7, 0),
					    ACKED(4 * MSS + 7),
					    WAIT(10),
					    OUT(P | A, 10 * MSS - 1440, 1, 1441),
					    WAIT(400),
					    OUT(A, 1 + 4 * MSS + 7, 1, MSS),
					    IN(A, 1, 1 + 5 * MSS + 7, 0),
					    OUT(A, 1 + 5 * MSS + 7, 1, 2 * MSS),
					    IN(A, 1, 1 + 10 * MSS, 0),
					    ACKED(10 * MSS),
					    END};

	run_pieces(&tso, 10, MSS, steps);
}

static void
large_segment_does_not_end_with_a_crumb_of_the_window(void **)
{
	struct script_conf conf = tso;
	static const struct step steps[] = {OUT(A, 1, 1, 3 * MSS), QUIET, END};

	conf.wnd = 40; /* 5,120 bytes: three and a half segments */
	run_pieces(&conf, 10, 1000, steps);
}

static void
large_segment_tells_the_port_where_to_cut(void **)
{
	struct script *sc = script_new(&tso);
	const struct fake_out *o;

	script_accept(sc);
	send_pieces(sc, 3, 1000);
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->s.len, 3000);
	assert_int_equal(o->mss, MSS);
	send_pieces(sc, 1, 1000);
	o = fake_next(&sc->f);
	assert_non_null(o);
	assert_int_equal(o->mss, 0);
	script_free(sc);
}

SCRIPT(sack_blocks_take_their_room_from_the_payload, ACCEPTED, NULL, /* */
       IN(A, 101, 1, 10), OUT(A, 1, 1, 0, SACK1(101, 111)), SEND(2000),
       OUT(A, 1, 1, MSS - 12, SACK1(101, 111)),
       OUT(P | A, 1 + MSS - 12, 1, 2000 - MSS + 12, SACK1(101, 111)))

/* Acknowledged memory is given back although the port may still hold the frame, and not before. */
static void
memory_is_released_when_it_is_acknowledged(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step sent[] = {OUT(P | A, 1, 1, 1000), END};
	static const struct step acked[] = {IN(A, 1, 1001, 0), END};
	unsigned int before;

	script_accept(sc);
	before = rte_mempool_in_use_count(sc->f.mem.mbufs);
	send_pieces(sc, 1, 1000);
	script_run(sc, sent, "sent");
	assert_int_equal(rte_mempool_in_use_count(sc->f.mem.mbufs), before + 1);
	script_run(sc, acked, "acked");
	assert_int_equal(rte_mempool_in_use_count(sc->f.mem.mbufs), before);
	script_free(sc);
}

static void
no_indirect_mbuf_delays_and_loses_nothing(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step held[] = {QUIET, WAIT(100), QUIET, END};
	static const struct step sent[] = {WAIT(12), OUT(P | A, 1, 1, 1000), END};
	struct rte_mbuf *hoard[3000];
	unsigned int n = 0;

	script_accept(sc);
	while (n < 3000 && (hoard[n] = rte_pktmbuf_alloc(sc->f.mem.indirect)) != NULL)
		n++;
	send_pieces(sc, 1, 1000);
	script_run(sc, held, "held");
	assert_true(fake_count(&sc->f, TCP_TX_NO_MBUF) > 1);
	assert_true(fake_count(&sc->f, TCP_TX_NO_MBUF) < 20);
	while (n > 0)
		rte_pktmbuf_free(hoard[--n]);
	script_run(sc, sent, "sent");
	script_free(sc);
}

static void
traffic_class_is_on_every_segment(void **)
{
	struct script *sc = script_new(NULL);
	static const struct tcp_ops none = {0};
	struct ip_flow flow = fake_flow(&sc->f, 1023, 988);
	struct tcp_conn *c;

	assert_int_equal(tcp_connect(sc->f.tcp, &flow, 0xb8 | 3, &none, NULL, sc->f.now, &c), 0);
	fake_poll(&sc->f);
	/* without the ECN bits, which are not ours to set */
	assert_int_equal(fake_next(&sc->f)->tos, 0xb8);
	tcp_set_user(c, NULL, NULL);
	script_free(sc);
}

/* Both ways alike. */
static void
traffic_class_of_who_dials_is_answered(void **)
{
	struct script *sc = script_new(NULL);
	static const struct step steps[] = {IN(S, 0, 0, 0, .tos = 0xb8), OUT(S | A, 0, 1, 0),
					    IN(A, 1, 1, 0), IN(P | A, 1, 1, 10), END};

	script_run(sc, steps, "accept");
	assert_int_equal(fake_next(&sc->f)->tos, 0xb8);
	script_free(sc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_is_sent_by_reference),
		cmocka_unit_test(small_payload_lies_in_the_header_mbuf),
		cmocka_unit_test(too_many_slices_are_copied),
		cmocka_unit_test(too_many_slices_of_a_jumbo_are_copied_into_several),
		cmocka_unit_test(large_segment_is_one_unit),
		cmocka_unit_test(large_segment_obeys_the_limit_of_slices),
		cmocka_unit_test(large_segment_of_crumbs_becomes_a_copied_one),
		cmocka_unit_test(crumbs_in_a_large_segment_are_sent_apart),
		cmocka_unit_test(packets_smaller_than_the_port_cuts_to_are_sent_one_by_one),
		cmocka_unit_test(large_segment_lost_in_part_is_cut),
		cmocka_unit_test(large_segment_acked_in_part_goes_on_from_there),
		cmocka_unit_test(large_segment_does_not_end_with_a_crumb_of_the_window),
		cmocka_unit_test(large_segment_tells_the_port_where_to_cut),
		cmocka_unit_test(sack_blocks_take_their_room_from_the_payload),
		cmocka_unit_test(memory_is_released_when_it_is_acknowledged),
		cmocka_unit_test(no_indirect_mbuf_delays_and_loses_nothing),
		cmocka_unit_test(traffic_class_is_on_every_segment),
		cmocka_unit_test(traffic_class_of_who_dials_is_answered),
	};

	return cmocka_run_group_tests_name("tcp/segment", tests, script_group_setup, NULL);
}
