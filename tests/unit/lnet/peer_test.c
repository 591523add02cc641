/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of peers: bounded, and who makes room in it. Spec trap 46. */
#include "tests/unit/lnet/fixture.h"

#include <stdio.h>

static void
full_peer_table_drops_until_somebody_is_silent_for_long(void **)
{
	struct fake_rx rx;
	char nid[40];
	unsigned int i;

	fixture_router(1);
	for (i = 0; i < 63; i++) {
		snprintf(nid, sizeof(nid), "10.0.5.%u@tcp", i + 1);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, nid, B, 0);
	}
	assert_int_equal(fixture_cpt()->peers.used, 64);
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, "10.0.6.1@tcp", B, 0);
	assert_true(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NO_PEER), 1);
	node.now += 61 * FAKE_S;
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, "10.0.6.1@tcp", B, 0);
	assert_false(rx.is_discarded);
	assert_int_equal(fixture_drop(LNET_DROP_NO_PEER), 1);
	fixture_stop();
}

static void
named_strangers_do_not_keep_real_peers_out(void **)
{
	struct fake_rx rx;
	char nid[40];
	unsigned int i;

	fixture_router(1);
	/* one peer sends to ever new NIDs that do not exist */
	for (i = 0; i < 200; i++) {
		snprintf(nid, sizeof(nid), "10.0.1.%u@tcp1", i + 2);
		memset(&rx, 0, sizeof(rx));
		fixture_put(&rx, A, nid, 0);
		node.now += FAKE_S / 10;
	}
	node.now += FAKE_S;
	memset(&rx, 0, sizeof(rx));
	fixture_put(&rx, "10.0.0.77@tcp", "10.0.1.250@tcp1", 0);
	assert_false(rx.is_discarded);
	assert_non_null(fixture_peer(R0, A));
	fixture_stop();
}

int
main(void)
{
	const struct CMUnitTest peer[] = {
		cmocka_unit_test(full_peer_table_drops_until_somebody_is_silent_for_long),
		cmocka_unit_test(named_strangers_do_not_keep_real_peers_out),
	};

	return FIXTURE_MAIN(peer);
}
