/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failure at every step of the start is undone completely: the real steps run on a null port, one of them replaced
 * by one that fails; then the whole start has to work in the same process, as if nothing had been before. And what is
 * not given back until the end is found, and told by the exit code.
 */
#include "lnet/base/pool.h"
#include "lnet/cpt.h"
#include "lnet/lnet_priv.h"
#include "tests/unit/app/whole.h"

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 32

static unsigned int
count_steps(void)
{
	unsigned int n = 0;

	while (start_steps[n].name != NULL)
		n++;
	return n;
}

static int
fails(struct app *app)
{
	return app_fail(app, -EIO, "injected");
}

/* Up, down, gone. Return: 0, or what went wrong. */
static int
live(struct app *app, void (*meanwhile)(struct app *app))
{
	app->configure_all = true;
	if (app_life(app, LIFE_EV_CONFIGURE, clock_now(&app->clock)) < 0)
		return 16;
	if (meanwhile != NULL)
		meanwhile(app);
	app_life(app, LIFE_EV_FORCE, clock_now(&app->clock));
	control_loop(app);
	start_undo(start_steps, app);
	return 0;
}

/* Return: exit code of the child; each names what was wrong. */
static int
broken_start(unsigned int broken)
{
	static struct app app;
	struct start_step steps[STEPS_MAX + 1];
	unsigned int n = count_steps(), before;
	int rc;

	if (whole_eal_init() < 0)
		return 10;
	before = whole_pools();
	if (broken < n) {
		memcpy(steps, start_steps, (n + 1) * sizeof(steps[0]));
		steps[broken].start = fails;
		whole_init(&app);
		if (whole_start(&app, steps) != -EIO)
			return 11;
		if (strcmp(app.why, "injected") != 0)
			return 12;
		if (whole_pools() != before)
			return 13;
	}
	whole_init(&app);
	if (whole_start(&app, start_steps) < 0)
		return 15;
	rc = live(&app, NULL);
	if (rc != 0)
		return rc;
	if (whole_pools() != before)
		return 17;
	rte_eal_cleanup();
	return app.exit_code;
}

static void
start_undoes_a_failure_of_every_step(void **state)
{
	unsigned int i, n = count_steps();

	(void)state;
	assert_true(n > 0 && n <= STEPS_MAX);
	/* the last round has no failure: the plain start and stop */
	for (i = 0; i <= n; i++) {
		print_message("%s\n", i < n ? start_steps[i].name : "no failure");
		assert_int_equal(whole_in_child(broken_start, i), 0);
	}
}

/* --- what is not given back --- */

static void
lose_packet_buffer(struct app *app)
{
	assert_non_null(rte_pktmbuf_alloc(app->mem.mbufs));
}

static void
lose_header_buffer(struct app *app)
{
	assert_non_null(rte_pktmbuf_alloc(app->mem.indirect));
}

static void
lose_slice(struct app *app)
{
	assert_non_null(pool_get(app->mem.slices));
}

static void
lose_ledger_bytes(struct app *app)
{
	assert_int_equal(ledger_take(&app->workers[0].lc.ledger, LEDGER_LOCAL, 1), 0);
}

static void
lose_router_buffer_credit(struct app *app)
{
	app->lnet->cpts[0]->bufs[LNET_RTR_LARGE].credits--;
}

static void
lose_interface_credit(struct app *app)
{
	ni_cpt(lnet_ni_at(app->lnet, 1), app->lnet->cpts[0])->tx_credits--;
}

static void
lose_message(struct app *app)
{
	assert_non_null(pool_get(app->lnet->cpts[0]->msgs));
}

static void (*const losses[])(struct app *app) = {
	NULL,
	lose_packet_buffer,
	lose_header_buffer,
	lose_slice,
	lose_ledger_bytes,
	lose_router_buffer_credit,
	lose_interface_credit,
	lose_message,
};

/* The exit code that the program would have. */
static int
lossy_life(unsigned int loss)
{
	static struct app app;
	int rc;

	if (whole_eal_init() < 0)
		return 10;
	whole_init(&app);
	app.args.log_level = 1;
	if (whole_start(&app, start_steps) < 0)
		return 15;
	rc = live(&app, losses[loss]);
	return rc != 0 ? rc : app.exit_code;
}

static void
whatever_is_not_given_back_makes_the_exit_code_1(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		print_message("loss %u\n", i);
		assert_int_equal(whole_in_child(lossy_life, i), losses[i] != NULL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_undoes_a_failure_of_every_step),
		cmocka_unit_test(whatever_is_not_given_back_makes_the_exit_code_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
