/* SPDX-License-Identifier: BSD-3-Clause */
/* The send queue and its scoreboard: against the plain truth, under random orders of events. */
#include "drivers/tcp/rack.h"
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "lnet/base/pool.h"
#include "tests/fake/eal.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MSS 100u
#define RECORDS 64
#define START 0xfffffe00u /* the numbers wrap soon */

static struct buf_mem mem;
static struct tcp_txseg_pool pool;
static struct tcp_txq q;
static struct tcp_rack rack;
static uint32_t una, nxt;
static uint64_t now; /* one more with each transmission */

static int
group_setup(void **)
{
	return fake_eal_init(64);
}

static int
setup(void **)
{
	tcp_txq_init(&q);
	una = nxt = START;
	now = 0;
	tcp_rack_init(&rack, START);
	if (tcp_txseg_pool_init(&pool, RECORDS, SOCKET_ID_ANY) < 0)
		return -1;
	return buf_mem_create(&mem, "txq_test", 511, 256, SOCKET_ID_ANY);
}

static int
teardown(void **)
{
	bool leaked;

	tcp_txq_release(&q, &mem, &pool);
	leaked = pool.used != 0 || pool_used(mem.slices) != 0 || !rte_mempool_full(mem.mbufs);
	buf_mem_destroy(&mem);
	tcp_txseg_pool_fini(&pool);
	return leaked ? -1 : 0;
}

/* --- what must always hold --- */

static void
check_sums(void)
{
	uint32_t sacked = 0, lost = 0, retrans = 0, packets = 0, seq = una;
	bool waits_before_rtx = false, at_rtx = q.rtx == NULL;
	const struct tcp_txseg *s;
	unsigned int n = 0, in_network = 0;
	uint64_t sent_at = 0;

	TAILQ_FOREACH(s, &q.segs, link) {
		at_rtx = at_rtx || s == q.rtx;
		assert_int_equal(s->seq, seq);
		seq = txseg_end(s);
		n++;
		in_network += txseg_is_in_network(s);
		if ((s->flags & TXSEG_SACKED) != 0) {
			sacked += txseg_space(s);
			packets += s->packets;
			assert_int_equal(s->flags & (TXSEG_LOST | TXSEG_RETRANS), 0);
		}
		lost += (s->flags & TXSEG_LOST) != 0 ? txseg_space(s) : 0;
		retrans += (s->flags & TXSEG_RETRANS) != 0 ? txseg_space(s) : 0;
		if ((s->flags & (TXSEG_LOST | TXSEG_RETRANS)) == TXSEG_LOST &&
		    (!at_rtx || q.rtx == NULL))
			waits_before_rtx = true;
	}
	assert_int_equal(seq, nxt);
	assert_int_equal(n, pool.used);
	assert_int_equal(q.sacked, sacked);
	assert_int_equal(q.sacked_packets, packets);
	assert_int_equal(q.lost, lost);
	assert_int_equal(q.retrans, retrans);
	assert_false(waits_before_rtx);
	assert_true(tcp_sb_pipe(&q, nxt - una) <= nxt - una + retrans);
	TAILQ_FOREACH(s, &q.sent, sent_link) {
		assert_true(txseg_is_in_network(s));
		assert_true(s->sent_at >= sent_at);
		sent_at = s->sent_at;
		in_network--;
	}
	assert_int_equal(in_network, 0);
}

/* A byte of the stream is its own sequence number. */
static void
check_bytes(void)
{
	const struct tcp_txseg *s;

	TAILQ_FOREACH(s, &q.segs, link) {
		const struct slice *sl = s->slice;
		uint32_t off = s->off, i;

		for (i = 0; i < s->len; i++, off++) {
			while (off == sl->off + sl->len) {
				sl = sl->next;
				off = sl->off;
			}
			assert_int_equal(((const uint8_t *)sl->m->buf_addr)[off],
					 (uint8_t)(s->seq + i));
		}
	}
}

/* --- steps --- */

static void
queue(uint32_t n)
{
	uint8_t bytes[256];
	struct buf b = {0};
	uint32_t i, seq = una + q.data.len;

	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)(seq + i);
	assert_int_equal(buf_copy_in(&b, &mem, bytes, n), 0);
	tcp_txq_append(&q, &mem, &b);
}

static struct tcp_txseg *
send_one(uint32_t len, uint8_t flags)
{
	struct tcp_txseg *s = tcp_txq_sent(&q, &pool, nxt, len, flags, MSS, ++now);

	nxt = txseg_end(s);
	return s;
}

static struct tcp_delivery
delivery(void)
{
	return (struct tcp_delivery){
		.rack = &rack, .now = now, .echo_end = UINT64_MAX, .fack = rack.fack};
}

static struct tcp_delivery
ack(uint32_t to)
{
	struct tcp_delivery d = delivery();

	tcp_txq_ack(&q, &mem, &pool, to, &d);
	una = to;
	return d;
}

/* --- cases --- */

static void
send_ten(void)
{
	unsigned int i;

	for (i = 0; i < 10; i++) {
		queue(MSS);
		send_one(MSS, 0);
	}
}

static struct tcp_txseg *
nth(unsigned int n)
{
	struct tcp_txseg *s = TAILQ_FIRST(&q.segs);

	while (n-- > 0)
		s = TAILQ_NEXT(s, link);
	return s;
}

static uint32_t
sack(uint32_t from, uint32_t to)
{
	struct tcp_delivery d = delivery();

	tcp_sb_sack(&q, &pool, (struct tcp_range){una + from, una + to}, una + from, MSS, &d);
	return d.bytes;
}

static void
ack_releases_whole_and_partial_segments(void **)
{
	struct tcp_delivery a;

	send_ten();
	a = ack(una + 250);
	assert_int_equal(a.acked, 250);
	assert_int_equal(a.bytes, 250);
	assert_int_equal(a.sent_at, 2);
	assert_int_equal(q.data.len, 750);
	assert_int_equal(nth(0)->seq, una);
	assert_int_equal(nth(0)->len, 50);
	check_sums();
	check_bytes();
}

static void
ack_of_a_repeated_segment_is_no_sample(void **)
{
	struct tcp_delivery a;

	send_ten();
	tcp_sb_mark_lost(&q, nth(0));
	tcp_sb_mark_sent_again(&q, nth(0), ++now);
	a = ack(una + 100);
	assert_int_equal(a.sent_at, 0);
	assert_true(a.repeated);
}

static void
ack_of_all_but_fin_leaves_fin(void **)
{
	struct tcp_delivery a;

	queue(50);
	send_one(50, TXSEG_FIN);
	a = ack(una + 50);
	assert_false(a.fin);
	assert_int_equal(nxt - una, 1);
	check_sums();
	a = ack(una + 1);
	assert_true(a.fin);
	assert_int_equal(a.acked, 0);
	check_sums();
}

static void
cursor_survives_that_everything_was_acked(void **)
{
	struct slice *s;
	uint32_t off;

	queue(60);
	send_one(60, 0);
	queue(60);
	ack(una + 60);
	assert_true(tcp_txq_cursor(&q, &s, &off));
	send_one(60, 0);
	check_bytes();
	ack(una + 60);
	assert_false(tcp_txq_cursor(&q, &s, &off));
	queue(10);
	assert_true(tcp_txq_cursor(&q, &s, &off));
	send_one(10, 0);
	check_bytes();
}

static void
sack_marks_the_segments_that_it_covers_whole(void **)
{
	send_ten();
	assert_int_equal(sack(150, 420), 200);
	assert_int_equal(pool.used, 10);
	check_sums();
	check_bytes();
	assert_int_equal(sack(150, 420), 0);
	assert_int_equal(sack(100, 200), 100);
	assert_int_equal(sack(900, 1000), 100);
	assert_int_equal(sack(0, 1000), 1000 - 400);
	check_sums();
}

static void
sack_cuts_a_large_segment_at_its_ends(void **)
{
	queue(250);
	queue(250);
	send_one(500, TXSEG_PSH);
	assert_int_equal(sack(100, 300), 200);
	assert_int_equal(pool.used, 3);
	assert_int_equal(q.sacked_packets, 2);
	check_sums();
	check_bytes();
	assert_int_equal(sack(0, 500), 300);
	assert_int_equal(q.sacked_packets, 5);
	check_sums();
}

/* A cut in the middle of a packet does not make two of it. */
static void
sack_of_part_of_a_packet_counts_whole_packets(void **)
{
	queue(250);
	queue(250);
	send_one(500, 0);
	sack(450, 500);
	assert_int_equal(q.sacked_packets, 1);
	sack(0, 500);
	assert_int_equal(q.sacked_packets, 5);
	check_sums();
}

static void
sack_leaves_no_more_pieces_than_there_were_packets(void **)
{
	uint32_t i;

	queue(250);
	queue(250);
	send_one(500, 0);
	for (i = 0; i < 500; i += 2) {
		sack(i, i + 1);
		check_sums();
	}
	check_bytes();
	assert_int_equal(pool.used, 5);
	sack(0, 500);
	assert_int_equal(q.sacked, 500);
	assert_int_equal(q.sacked_packets, 5);
	check_sums();
}

static void
sack_without_a_record_to_cut_marks_nothing_it_does_not_cover(void **)
{
	unsigned int i;

	queue(250);
	send_one(250, 0);
	for (i = 1; i < RECORDS; i++) {
		queue(10);
		send_one(10, 0);
	}
	assert_true(tcp_txseg_pool_is_empty(&pool));
	assert_int_equal(sack(100, 260), 10);
	check_sums();
}

static void
repetition_goes_to_the_end_of_the_order_of_transmission(void **)
{
	struct tcp_txseg *first;

	send_ten();
	first = nth(0);
	tcp_sb_mark_lost(&q, first);
	check_sums();
	tcp_sb_mark_sent_again(&q, first, ++now);
	assert_ptr_equal(TAILQ_LAST(&q.sent, tcp_txseg_list), first);
	/* lost once more */
	tcp_sb_mark_lost(&q, first);
	assert_int_equal(q.retrans, 0);
	assert_int_equal(q.lost, MSS);
	assert_ptr_equal(tcp_sb_next_lost(&q), first);
	check_sums();
}

static void
unmarked_losses_are_back_in_order(void **)
{
	unsigned int i;

	send_ten();
	for (i = 0; i < 10; i += 2)
		tcp_sb_mark_lost(&q, nth(i));
	tcp_sb_mark_sent_again(&q, nth(4), ++now);
	tcp_sb_unmark_lost(&q);
	assert_int_equal(q.lost, 0);
	assert_null(tcp_sb_next_lost(&q));
	assert_ptr_equal(TAILQ_FIRST(&q.sent), nth(0));
	assert_ptr_equal(TAILQ_LAST(&q.sent, tcp_txseg_list), nth(4));
	check_sums();
}

static void
pipe_counts_what_is_in_the_network(void **)
{
	unsigned int i;

	send_ten();
	sack(300, 600);
	for (i = 0; i < 3; i++)
		tcp_sb_mark_lost(&q, nth(i));
	/* ten, less three SACKED, less three lost */
	assert_int_equal(tcp_sb_pipe(&q, 10 * MSS), 4 * MSS);
	tcp_sb_mark_sent_again(&q, tcp_sb_next_lost(&q), ++now);
	assert_int_equal(tcp_sb_pipe(&q, 10 * MSS), 5 * MSS);
	tcp_sb_mark_all_lost(&q);
	assert_int_equal(tcp_sb_pipe(&q, 10 * MSS), 0);
	check_sums();
}

static void
sacked_repetition_leaves_the_sums(void **)
{
	send_ten();
	tcp_sb_mark_lost(&q, nth(2));
	tcp_sb_mark_sent_again(&q, nth(2), ++now);
	assert_int_equal(sack(200, 300), MSS);
	assert_int_equal(q.lost + q.retrans, 0);
	assert_null(tcp_sb_next_lost(&q));
	check_sums();
}

static void
forgotten_sacks_are_lost_again(void **)
{
	send_ten();
	sack(0, 500);
	tcp_sb_forget_sacks(&q);
	tcp_sb_mark_all_lost(&q);
	assert_int_equal(q.lost, 1000);
	assert_int_equal(q.sacked, 0);
	check_sums();
}

static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return n == 0 ? 0 : (uint32_t)(seed >> 33) % n;
}

/* What happens seldom. */
static void
random_upset(uint32_t what)
{
	struct tcp_txseg *last = TAILQ_LAST(&q.segs, tcp_txseg_list);

	if (last == NULL)
		return;
	if (what == 0)
		tcp_sb_forget_sacks(&q);
	if (what == 0 || what == 1)
		tcp_sb_mark_all_lost(&q);
	else if (what == 2)
		tcp_rack_timeout(&rack, &q, below(20), now);
	else if (what == 3)
		tcp_sb_unmark_lost(&q);
	else if (what == 4 && txseg_is_in_network(last))
		tcp_sb_mark_sent_again(&q, last, ++now);
}

static void
random_step(void)
{
	struct tcp_txseg *s;
	uint32_t in_flight = nxt - una, from;

	switch (below(8)) {
	case 0:
	case 1:
		if (q.data.len < 3000)
			queue(1 + below(200));
		break;
	case 2:
	case 3:
		if (q.unsent > 0 && !tcp_txseg_pool_is_empty(&pool))
			send_one(1 + below(q.unsent < 400 ? q.unsent : 400), 0);
		break;
	case 4:
		from = below(in_flight);
		sack(from, from + 1 + below(in_flight - from));
		tcp_rack_detect(&rack, &q, below(20), now);
		break;
	case 5:
		s = tcp_sb_next_lost(&q);
		if (s == NULL)
			break;
		if (s->len > MSS && below(2) == 0)
			tcp_txq_split(&q, &pool, s, MSS, MSS);
		while (below(2) == 0 && tcp_txq_join(&q, &pool, s, MSS))
			;
		tcp_sb_mark_sent_again(&q, s, ++now);
		break;
	case 6:
		if (in_flight > 0)
			ack(una + 1 + below(in_flight));
		break;
	default:
		random_upset(below(40));
		break;
	}
}

static void
random_orders_keep_the_sums_and_the_bytes(void **)
{
	unsigned int i;

	for (seed = 1; seed < 20; seed++) {
		uint64_t s = seed;

		for (i = 0; i < 2000; i++) {
			random_step();
			check_sums();
			if (i % 16 == 0)
				check_bytes();
		}
		tcp_txq_release(&q, &mem, &pool);
		nxt = una = START;
		tcp_rack_init(&rack, START);
		seed = s;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ack_releases_whole_and_partial_segments, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ack_of_a_repeated_segment_is_no_sample, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ack_of_all_but_fin_leaves_fin, setup, teardown),
		cmocka_unit_test_setup_teardown(cursor_survives_that_everything_was_acked, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sack_marks_the_segments_that_it_covers_whole, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sack_cuts_a_large_segment_at_its_ends, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sack_of_part_of_a_packet_counts_whole_packets,
						setup, teardown),
		cmocka_unit_test_setup_teardown(sack_leaves_no_more_pieces_than_there_were_packets,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			sack_without_a_record_to_cut_marks_nothing_it_does_not_cover, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			repetition_goes_to_the_end_of_the_order_of_transmission, setup, teardown),
		cmocka_unit_test_setup_teardown(unmarked_losses_are_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(pipe_counts_what_is_in_the_network, setup,
						teardown),
		cmocka_unit_test_setup_teardown(sacked_repetition_leaves_the_sums, setup, teardown),
		cmocka_unit_test_setup_teardown(forgotten_sacks_are_lost_again, setup, teardown),
		cmocka_unit_test_setup_teardown(random_orders_keep_the_sums_and_the_bytes, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("tcp/txq", tests, group_setup, NULL);
}
