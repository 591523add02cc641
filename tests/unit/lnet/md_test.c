/* SPDX-License-Identifier: BSD-3-Clause */
/* Handles and cookies of memory descriptors. Spec 2.3. */
#include "lnet/base/bytes.h"
#include "tests/unit/lnet/fixture.h"

static unsigned int calls;

static void
done(struct lnet_cpt *, void *, const struct md_event *, uint64_t)
{
	calls++;
}

static struct md *
make(struct lnet_cpt *cpt)
{
	struct md *md = md_new(cpt);

	md->type = LNET_GET;
	md->ni = fake_node_ni(&node, R0);
	md->next_hop = fake_nid(A);
	md->done = done;
	md_start(md, node.now + FAKE_S, node.now);
	return md;
}

static void
cookies_have_kind_cpt_and_counter(void **)
{
	static const struct {
		unsigned int cpts, cpt;
		uint64_t first, second;
	} rows[] = {{1, 0, 1, 5}, {2, 0, 1, 9}, {2, 1, 5, 13}, {3, 2, 9, 25}, {4, 3, 13, 29}};
	struct lnet_handle h;
	unsigned int i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lnet_cpt *cpt;
		struct md *md;

		fixture_router(rows[i].cpts);
		cpt = node.l->cpts[rows[i].cpt];
		assert_int_equal(make(cpt)->cookie, rows[i].first);
		md = make(cpt);
		assert_int_equal(md->cookie, rows[i].second);
		h = md_handle(0x1122334455667788, md);
		assert_int_equal(get_le64(h.bytes), 0x1122334455667788);
		assert_int_equal(md_owner(&h, 0x1122334455667788, rows[i].cpts), rows[i].cpt);
		assert_int_equal(md_owner(&h, 0x1122334455667789, rows[i].cpts), -1);
		h.bytes[8] ^= 3;
		assert_int_equal(md_owner(&h, 0x1122334455667788, rows[i].cpts), -1);
		fixture_stop();
	}
}

static void
cookies_are_never_used_again_though_slots_are(void **)
{
	struct lnet_handle h;
	uint64_t kept, last;
	struct md *md;
	unsigned int i;

	fixture_router(1);
	calls = 0;
	md = make(fixture_cpt());
	kept = last = md->cookie;
	for (i = 0; i < 3 * MD_MAX; i++) {
		struct md *other = make(fixture_cpt());

		assert_true(other->cookie > last);
		assert_ptr_not_equal(other, md);
		last = other->cookie;
		md_complete(other, -EIO, NULL, 0, node.now);
	}
	assert_int_equal(calls, 3 * MD_MAX);
	h = md_handle(node.l->cookie, md);
	assert_ptr_equal(md_find(fixture_cpt(), &h, LNET_GET), md);
	assert_null(md_find(fixture_cpt(), &h, LNET_PUT));
	/* same slot, another life */
	put_le64(h.bytes + 8, kept + ((uint64_t)MD_MAX << 2));
	assert_null(md_find(fixture_cpt(), &h, LNET_GET));
	fixture_stop();
}

static void
random_handles_find_nothing(void **)
{
	struct lnet_handle h;
	unsigned int i, j;

	fixture_router(3);
	make(fixture_cpt());
	for (i = 0; i < 100000; i++) {
		for (j = 0; j < 16; j++)
			h.bytes[j] = (uint8_t)((i * 2654435761u) >> (j % 4 * 8));
		assert_int_equal(md_owner(&h, node.l->cookie, 3), -1);
		put_le64(h.bytes, node.l->cookie);
		assert_in_range(md_owner(&h, node.l->cookie, 3) + 1, 0, 3);
		/* CPT bits beyond the last one */
		if (get_le64(h.bytes + 8) != 1)
			assert_null(md_find(fixture_cpt(), &h, LNET_GET));
	}
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest md[] = {
		cmocka_unit_test(cookies_have_kind_cpt_and_counter),
		cmocka_unit_test(cookies_are_never_used_again_though_slots_are),
		cmocka_unit_test(random_handles_find_nothing),
	};

	return FIXTURE_MAIN(md);
}
