/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SIGTERM and SIGINT in every state of the life cycle, in the foreground and under a service manager, through the real control
 * thread: refused while configured in the foreground, the way out everywhere else.
 */
#include "lnet/lnet.h"
#include "tests/unit/app/whole.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 5 /* after which a refusal is one */

/* Bring @app, loaded, to @state; nothing else has run in between. */
static void
bring_to(struct app *app, enum life_state state)
{
	static const enum life_event last[LIFE_STATES] = {
		[LIFE_UNCONFIGURING] = LIFE_EV_UNCONFIGURE,
		[LIFE_DRAINING] = LIFE_EV_DRAIN,
		[LIFE_LEAVING] = LIFE_EV_FORCE,
	};
	uint64_t now = clock_now(&app->clock);

	if (state == LIFE_LOADED)
		return;
	app->configure_all = true;
	app_life(app, LIFE_EV_CONFIGURE, now);
	if (state != LIFE_CONFIGURED)
		app_life(app, last[state], now);
}

/* Return: 0, or what went wrong. */
static int
one(enum life_state state, bool managed, int sig)
{
	static struct app app;
	bool refused = state == LIFE_CONFIGURED && !managed;
	int i;

	if (managed)
		setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	else
		unsetenv("NOTIFY_SOCKET");
	whole_init(&app);
	if (whole_start(&app, start_steps) < 0)
		return 20;
	bring_to(&app, state);
	if (app.life != state)
		return 21;
	kill(getpid(), sig);
	if (refused) {
		for (i = 0; i < ROUNDS; i++)
			control_round(&app);
		if (app.done || app.life != LIFE_CONFIGURED || !lnet_is_configured(app.lnet))
			return 22;
		app_life(&app, LIFE_EV_UNCONFIGURE, clock_now(&app.clock));
		while (app.life != LIFE_LOADED)
			control_round(&app);
		app_life(&app, LIFE_EV_RELEASE, clock_now(&app.clock));
	}
	/* the watchdog of the test run ends one that never goes */
	control_loop(&app);
	if (app.life != LIFE_RELEASED || lnet_is_configured(app.lnet))
		return 23;
	start_undo(start_steps, &app);
	return app.exit_code == 0 ? 0 : 24;
}

static int
signals(unsigned int managed)
{
	static const int sigs[] = {SIGTERM, SIGINT};
	enum life_state state;
	sigset_t set;
	size_t i;
	int rc;

	/* as main() does, before EAL makes threads */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (whole_eal_init() < 0)
		return 10;
	for (state = LIFE_LOADED; state < LIFE_RELEASED; state++) {
		for (i = 0; i < 2; i++) {
			rc = one(state, managed, sigs[i]);
			if (rc == 0)
				continue;
			print_message("%s, signal %d: %d\n", life_state_name(state), sigs[i], rc);
			return rc;
		}
	}
	return 0;
}

static void
signals_in_the_foreground_are_refused_while_configured(void **state)
{
	(void)state;
	assert_int_equal(whole_in_child(signals, false), 0);
}

static void
signals_under_a_service_manager_are_the_way_out(void **state)
{
	(void)state;
	assert_int_equal(whole_in_child(signals, true), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_in_the_foreground_are_refused_while_configured),
		cmocka_unit_test(signals_under_a_service_manager_are_the_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
