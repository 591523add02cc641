/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive queue: reassembly against the plain truth, accounting, small segments. */
#include "drivers/tcp/rxq.h"

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
#include <string.h>

#include <cmocka.h>

#define ROOM 512
#define MBUF_SIZE (uint32_t)(sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM)
#define MBUFS 1023
#define START 0xffffff00u

static struct buf_mem mem;
static struct tcp_ooo_pool pool;
static struct ledger ledger;
static struct ledger_conn account;
static struct tcp_rxq q;
static struct tcp_rx_mem rm;

static int
group_setup(void **)
{
	return fake_eal_init(64);
}

static int
setup(void **)
{
	struct ledger_conf conf = {
		.mbuf_size = MBUF_SIZE,
		.mbuf_room = ROOM,
		.mtu = 576,
		.burst = 8,
		.conns = 1,
		.window_min = 8192,
		.reorder = 60 * MBUF_SIZE,
	};
	struct ledger_plan plan;

	if (ledger_plan_make(&plan, &conf, (uint64_t)MBUFS * MBUF_SIZE) < 0 ||
	    ledger_init(&ledger, &plan) < 0)
		return -1;
	if (ledger_conn_open(&ledger, &account) < 0)
		return -1;
	tcp_rxq_init(&q);
	rm = (struct tcp_rx_mem){
		.mem = &mem, .pool = &pool, .ledger = &ledger, .account = &account};
	if (tcp_ooo_pool_init(&pool, 40, SOCKET_ID_ANY) < 0)
		return -1;
	return buf_mem_create(&mem, "rxq_test", MBUFS, ROOM, SOCKET_ID_ANY);
}

static int
teardown(void **)
{
	bool leaked;

	tcp_rxq_release(&q, &rm);
	leaked = pool.used != 0 || pool_used(mem.slices) != 0 || !rte_mempool_full(mem.mbufs) ||
		ledger_used(&ledger) != 0;
	ledger_conn_close(&ledger, &account);
	buf_mem_destroy(&mem);
	tcp_ooo_pool_fini(&pool);
	return leaked ? -1 : 0;
}

/* What the queue holds is what the ledger was told. */
static void
check_account(void)
{
	const struct tcp_ooo *r;
	uint32_t size = 0, bytes = 0;
	unsigned int n = 0;

	TAILQ_FOREACH(r, &q.ooo, link) {
		size += r->data.true_size;
		bytes += r->data.len;
		n++;
		if (TAILQ_NEXT(r, link) != NULL)
			assert_true(seq_lt(r->seq + r->data.len, TAILQ_NEXT(r, link)->seq));
	}
	assert_int_equal(account.reorder, size);
	assert_int_equal(account.pinned + account.passing, q.data.true_size);
	assert_int_equal(q.ooo_bytes, bytes);
	assert_int_equal(q.ooo_ranges, n);
	assert_int_equal(pool.used, n);
}

/* A byte of the stream is a function of its number. */
static uint8_t
byte_at(uint32_t seq)
{
	return (uint8_t)(seq * 7 + (seq >> 8) * 3);
}

/* The same as a segment: behind @skip bytes of header, in as many mbufs as it takes. */
static struct rte_mbuf *
segment_of(uint32_t seq, uint32_t len, uint16_t skip)
{
	struct rte_mbuf *head = rte_pktmbuf_alloc(mem.mbufs), *m = head;
	uint32_t i, n;
	char *to;

	rte_pktmbuf_append(head, skip);
	for (; len > 0; len -= n, seq += n) {
		n = rte_pktmbuf_tailroom(m);
		n = n < len ? n : len;
		to = rte_pktmbuf_mtod_offset(m, char *, m->data_len);
		for (i = 0; i < n; i++)
			to[i] = (char)byte_at(seq + i);
		m->data_len = (uint16_t)(m->data_len + n);
		head->pkt_len += n;
		if (n == len)
			break;
		m->next = rte_pktmbuf_alloc(mem.mbufs);
		m = m->next;
		head->nb_segs++;
	}
	return head;
}

static struct tcp_range
insert(uint32_t seq, uint32_t len)
{
	struct tcp_range dup;

	assert_int_equal(tcp_rxq_insert(&q, &rm, seq, segment_of(seq, len, 20), 20, len, &dup), 0);
	check_account();
	return dup;
}

static void
check_sack(unsigned int n, const struct tcp_range *want)
{
	struct tcp_range got[TCP_SACK_BLOCKS];

	assert_int_equal(tcp_rxq_sack(&q, got, TCP_SACK_BLOCKS), n);
	if (n > 0)
		assert_memory_equal(got, want, n * sizeof(*want));
}

/* Three mbufs with 100 bytes each of the stream from @seq on, as a header was cut off behind its first @skip. */
static struct rte_mbuf *
three_of(uint32_t seq)
{
	struct rte_mbuf *head = NULL;
	uint32_t j, k;

	for (k = 0; k < 3; k++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(mem.mbufs);
		uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, 100);

		for (j = 0; j < 100; j++)
			p[j] = byte_at(seq + k * 100 + j);
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static void
chain_is_cut_at_both_ends(void **)
{
	static const struct {
		uint32_t skip, len;
	} cases[] = {{0, 300}, {20, 280}, {20, 80}, {100, 100}, {150, 100}, {299, 1}, {40, 0}};
	struct tcp_range dup;
	uint8_t got[300];
	uint32_t before, i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t skip = cases[i].skip, len = cases[i].len;

		assert_int_equal(tcp_rxq_append(&q, &rm, three_of(START), skip, len, 0), len);
		check_account();
		assert_int_equal(q.data.len, len);
		buf_copy_out(&q.data, 0, got, len);
		for (j = 0; j < len; j++)
			assert_int_equal(got[j], byte_at(START + skip + j));
		before = q.data.true_size;
		buf_release(&q.data, &mem);
		tcp_rxq_taken(&q, &rm, before);
		/* and the same out of order */
		tcp_rxq_insert(&q, &rm, START + skip, three_of(START), skip, len, &dup);
		check_account();
		assert_int_equal(q.ooo_bytes, len);
		assert_int_equal(tcp_rxq_drop_ooo(&q, &rm), len);
	}
}

/* What fits behind another is copied there, or the ledger's promise of two neighbours would not hold. */
static void
short_pieces_of_a_chain_share_mbufs(void **)
{
	struct tcp_range dup;

	tcp_rxq_append(&q, &rm, three_of(START), 0, 300, 0);
	assert_int_equal(q.data.n_slices, 1);
	assert_int_equal(q.packed, 200);
	tcp_rxq_insert(&q, &rm, START + 1000, three_of(START + 1000), 0, 300, &dup);
	assert_int_equal(TAILQ_FIRST(&q.ooo)->data.n_slices, 1);
	check_account();
}

static void
long_chain_is_kept_as_far_as_memory_goes(void **)
{
	const uint32_t each =
		ROOM + RTE_PKTMBUF_HEADROOM - 128; /* more than half of an mbuf: never copied */
	struct tcp_range dup;
	uint32_t kept, next = START, room;

	ledger.plan.shared = 0;
	room = (uint32_t)(ledger.plan.conn / MBUF_SIZE);
	kept = tcp_rxq_append(&q, &rm, segment_of(next, (room + 3) * each, 0), 0, (room + 3) * each,
			      0);
	assert_int_equal(kept, room * each);
	assert_int_equal(q.data.len, kept);
	check_account();
	/* what the user expects is never refused, and where that ends in the chain makes no difference */
	next += kept;
	assert_int_equal(tcp_rxq_append(&q, &rm, segment_of(next, 3 * each, 0), 0, 3 * each,
					kept + 2 * each),
			 2 * each);
	check_account();
	/* out of order the head is kept too */
	next += 2 * each + 1;
	assert_int_equal(
		tcp_rxq_insert(&q, &rm, next, segment_of(next, 50 * each, 0), 0, 50 * each, &dup),
		-ENOMEM);
	assert_true(q.ooo_bytes > 20 * each && q.ooo_bytes < 50 * each);
	check_account();
}

static void
duplicates_in_a_chain_are_reported_as_one(void **)
{
	struct tcp_range dup;

	tcp_rxq_insert(&q, &rm, 1000, three_of(1000), 0, 300, &dup);
	assert_int_equal(dup.start, dup.end);
	tcp_rxq_insert(&q, &rm, 1050, three_of(1050), 0, 300, &dup);
	assert_memory_equal(&dup, (&(struct tcp_range){1050, 1300}), sizeof(dup));
	check_sack(1, (struct tcp_range[]){{1000, 1350}});
}

static void
insert_keeps_ranges_apart_and_joins_those_that_touch(void **)
{
	insert(1000, 50);
	insert(1100, 50);
	check_sack(2, (struct tcp_range[]){{1100, 1150}, {1000, 1050}});
	insert(1050, 50);
	check_sack(1, (struct tcp_range[]){{1000, 1150}});
}

static void
insert_reports_duplicates(void **)
{
	struct tcp_range dup;

	insert(1000, 100);
	dup = insert(1020, 30);
	assert_memory_equal(&dup, (&(struct tcp_range){1020, 1050}), sizeof(dup));
	dup = insert(1050, 100);
	assert_memory_equal(&dup, (&(struct tcp_range){1050, 1100}), sizeof(dup));
	dup = insert(950, 300);
	assert_memory_equal(&dup, (&(struct tcp_range){1000, 1150}), sizeof(dup));
	check_sack(1, (struct tcp_range[]){{950, 1250}});
	dup = insert(2000, 10);
	assert_int_equal(dup.start, dup.end);
}

static void
insert_across_the_wrap(void **)
{
	insert(START, 0x80);
	insert(10, 20);
	insert(START + 0x80, 0x80 + 10);
	check_sack(1, (struct tcp_range[]){{START, 30}});
}

static void
insert_is_refused_when_the_account_is_full(void **)
{
	struct tcp_range dup;
	unsigned int i, refused = 0;

	for (i = 0; i < 39; i++) {
		uint32_t seq = 1000 + 700 * i;

		refused +=
			tcp_rxq_insert(&q, &rm, seq, segment_of(seq, 600, 20), 20, 600, &dup) < 0;
		check_account();
	}
	assert_true(refused > 0 && refused < 39);
	assert_true(tcp_rxq_drop_ooo(&q, &rm) > 0);
	check_account();
}

static void
join_stops_where_the_ledger_refuses(void **)
{
	uint32_t lost, next;

	/* the reserve beyond the connection's own part is gone */
	ledger.plan.shared = 0;
	for (next = 1; account.pinned + 2 * MBUF_SIZE <= ledger.plan.conn; next += 300) {
		assert_int_equal(tcp_rxq_append(&q, &rm, segment_of(next, 300, 20), 20, 300, 0),
				 300);
	}
	insert(next, 2000);
	assert_int_equal(tcp_rxq_join(&q, &rm, next, 0, &lost), next);
	assert_int_equal(lost, 2000);
	check_account();
	/* the same, expected by its user: never refused */
	insert(next, 2000);
	assert_int_equal(tcp_rxq_join(&q, &rm, next, q.data.len + 1500, &lost), next + 1500);
	assert_int_equal(lost, 500);
	check_account();
}

/* --- random segments of a stream; the truth is the stream itself --- */

static uint64_t seed;

static uint32_t
below(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static void
take_and_check(uint32_t *taken)
{
	uint32_t before = q.data.true_size, n = q.data.len, i;
	struct buf b = {0};
	uint8_t *p = malloc(n + 1);

	if (n > 1)
		n = 1 + below(n);
	assert_int_equal(buf_split(&b, &mem, &q.data, n), 0);
	tcp_rxq_taken(&q, &rm, before);
	buf_copy_out(&b, 0, p, n);
	for (i = 0; i < n; i++)
		assert_int_equal(p[i], byte_at(*taken + i));
	*taken += n;
	free(p);
	buf_release(&b, &mem);
	check_account();
}

static void
random_segments_make_the_stream(void **)
{
	uint32_t next = START, taken = START, lost, seq, len;
	struct tcp_range dup;
	uint16_t skip;
	unsigned int i;

	seed = 4711;
	for (i = 0; i < 20000; i++) {
		seq = next + below(3) * below(2000);
		len = 1 + below(below(2) == 0 ? 30 : 900);
		skip = (uint16_t)(20 + 4 * below(11));
		if (seq != next) {
			tcp_rxq_insert(&q, &rm, seq, segment_of(seq, len, skip), skip, len, &dup);
		} else {
			next += tcp_rxq_append(&q, &rm, segment_of(seq, len, skip), skip, len, 0);
			next = tcp_rxq_join(&q, &rm, next, 0, &lost);
		}
		check_account();
		if (below(4) == 0)
			take_and_check(&taken);
		if (below(500) == 0)
			tcp_rxq_drop_ooo(&q, &rm);
	}
	assert_true(next - START > 1000000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chain_is_cut_at_both_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(short_pieces_of_a_chain_share_mbufs, setup,
						teardown),
		cmocka_unit_test_setup_teardown(long_chain_is_kept_as_far_as_memory_goes, setup,
						teardown),
		cmocka_unit_test_setup_teardown(duplicates_in_a_chain_are_reported_as_one, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			insert_keeps_ranges_apart_and_joins_those_that_touch, setup, teardown),
		cmocka_unit_test_setup_teardown(insert_reports_duplicates, setup, teardown),
		cmocka_unit_test_setup_teardown(insert_across_the_wrap, setup, teardown),
		cmocka_unit_test_setup_teardown(insert_is_refused_when_the_account_is_full, setup,
						teardown),
		cmocka_unit_test_setup_teardown(join_stops_where_the_ledger_refuses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(random_segments_make_the_stream, setup, teardown),
	};

	return cmocka_run_group_tests_name("tcp/rxq", tests, group_setup, NULL);
}
