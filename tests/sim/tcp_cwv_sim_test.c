/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender whose user is the limit (RFC 7661): the window does not grow beyond what is in use, pauses leave it as it is, and when it
 * turns out to be too wide after all, one round trip is enough to find out.
 */
#include "drivers/tcp/tcp_priv.h"
#include "tests/fake/eal.h"
#include "tests/sim/flows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MESSAGE 100000u /* bytes */
#define WIDE (200u << 10) /* a window */

/* 1 Gbit/s and 2 ms: 250,000 bytes in a round trip. */
static void
start(struct flows *all, uint32_t queue)
{
	struct sim_conf conf;
	unsigned int i;

	sim_conf_default(&conf, 1);
	conf.tcp.rcv_wnd_min = 1 << 20;
	conf.tcp.keepalive_idle = 0;
	for (i = 0; i < 2; i++)
		conf.link[i] = (struct sim_link){.delay = SIM_MS, .rate = GBIT, .queue = queue};
	flows_open(all, &conf, 1);
	all->greedy = false;
	flows_start(all, 0);
	flows_run(all, 100 * SIM_MS);
}

static uint32_t
cwnd(const struct flows *all)
{
	return all->tx[0].c->cc.cwnd;
}

/* Messages of that size, one after another, until the window is as wide as it gets. */
static void
widen(struct flows *all)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		flows_write(all, 0, WIDE);
		flows_run(all, 20 * SIM_MS);
	}
	assert_true(cwnd(all) >= WIDE / 2);
}

static void
window_grows_no_further_than_it_is_used(void **)
{
	struct flows all;
	uint32_t window;
	unsigned int i;

	start(&all, 1 << 20);
	for (i = 0; i < 2000; i++) {
		flows_write(&all, 0, MESSAGE);
		flows_run(&all, 10 * SIM_MS);
	}
	window = cwnd(&all);
	print_message("messages of %u bytes: a window of %u\n", MESSAGE, window);
	assert_in_range(window, MESSAGE, 2 * MESSAGE + 20000);
	assert_int_equal(all.rx[0].received, 2000ull * MESSAGE);
	flows_close(&all);
}

/* Each message takes as long as the path makes it, also the first after a pause: no slow start again. */
static void
message_after_a_pause_goes_out_at_once(void **)
{
	struct flows all;
	uint32_t window;
	unsigned int i;

	start(&all, 1 << 20);
	widen(&all);
	window = cwnd(&all);
	for (i = 0; i < 3; i++) {
		uint64_t before;

		flows_run(&all, 60 * SIM_S);
		before = all.rx[0].received;
		flows_write(&all, 0, window / 3);
		/* one way, and what the rate makes of it */
		flows_run(&all, SIM_MS + (window / 3 + 20000) * SIM_S / GBIT);
		assert_int_equal(all.rx[0].received - before, window / 3);
		assert_int_equal(cwnd(&all), window);
	}
	assert_int_equal(flows_count(&all, 0, TCP_CWV_KEPT), 3);
	assert_int_equal(flows_count(&all, 0, TCP_RETRANSMIT), 0);
	flows_close(&all);
}

static void
path_that_became_narrow_is_found_in_one_round_trip(void **)
{
	struct flows all;
	uint64_t sent;

	start(&all, 1 << 20);
	widen(&all);
	flows_run(&all, 60 * SIM_S);
	/* somebody else uses it now: a fifth is left, and a short queue */
	all.sim->conf.link[0].rate = GBIT / 5;
	all.sim->conf.link[0].queue = 60000;
	sent = all.rx[0].received;
	flows_write(&all, 0, WIDE / 2);
	flows_run(&all, SIM_S);
	print_message("a window of %u after the loss, %u retransmissions\n", cwnd(&all),
		      (unsigned int)flows_count(&all, 0, TCP_RETRANSMIT));
	assert_int_equal(all.rx[0].received - sent, WIDE / 2);
	assert_int_equal(flows_count(&all, 0, TCP_RTO), 0);
	assert_int_equal(flows_count(&all, 0, TCP_SACK_RECOVERY), 1);
	/* what arrived of the first flight: half of the part that was not lost, not seven tenths of the old window */
	assert_true(cwnd(&all) <= WIDE / 4);
	flows_close(&all);
}

static int
group_setup(void **)
{
	return fake_eal_init(512);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_grows_no_further_than_it_is_used),
		cmocka_unit_test(message_after_a_pause_goes_out_at_once),
		cmocka_unit_test(path_that_became_narrow_is_found_in_one_round_trip),
	};

	return cmocka_run_group_tests_name("tcp_cwv_sim", tests, group_setup, NULL);
}
