/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A failure at every step of the start is undone completely: the real steps run on a null port, one of them replaced
 * by one that fails; then the whole start has to work in the same process, as if nothing had been before.
 * Each case has a process of its own, since EAL starts once in one.
 */
#include "app/router/app.h"
#include "lnet/base/log.h"

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void
count_pool(struct rte_mempool *mp, void *n)
{
	(void)mp;
	++*(unsigned int *)n;
}

static unsigned int
pools(void)
{
	unsigned int n = 0;

	rte_mempool_walk(count_pool, &n);
	return n;
}

static void
init_app(struct app *app)
{
	static char *argv[] = {
		"test",
		"--interface",
		"name=p0,port=net_null0,ip=10.0.0.1/24",
		"--networks",
		"tcp(p0)",
		"--tiny_router_buffers=64",
		"--small_router_buffers=64",
		"--large_router_buffers=4",
		"--max_conns=64",
		"--window_min=16384",
		"--max_peers=64",
		"--sent_mib=1",
		"--local_mib=1",
		"--idle=sleep",
		"--log_level=4",
	};
	char why[200];

	memset(app, 0, sizeof(*app));
	args_default(&app->args);
	if (args_parse(&app->args, (int)(sizeof(argv) / sizeof(argv[0])), argv, why, sizeof(why)) <
	    0) {
		fprintf(stderr, "%s\n", why);
		exit(2);
	}
	clock_init(&app->clock);
}

/* Return: exit code of the child; each names what was wrong. */
static int
child(unsigned int broken)
{
	static char *eal[] = {
		"test",		"--no-huge",	  "-m",	      "192",	 "--no-pci",
		"--no-shconf",	"--no-telemetry", "--lcores", "0@0,1@0", "--vdev=net_null0",
		"--log-level=4"};
	static struct app app;
	struct start_step steps[STEPS_MAX + 1];
	unsigned int n = count_steps(), before;

	if (rte_eal_init((int)(sizeof(eal) / sizeof(eal[0])), eal) < 0)
		return 10;
	log_init();
	log_set_level(4);
	before = pools();
	if (broken < n) {
		memcpy(steps, start_steps, (n + 1) * sizeof(steps[0]));
		steps[broken].start = fails;
		init_app(&app);
		if (start_run(steps, &app) != -EIO)
			return 11;
		if (strcmp(app.why, "injected") != 0)
			return 12;
		if (pools() != before)
			return 13;
	}
	init_app(&app);
	/* undoing closed the port for good: its device is taken out and put in again */
	if (rte_eth_dev_count_avail() == 0 &&
	    (rte_eal_hotplug_remove("vdev", "net_null0") < 0 ||
	     rte_eal_hotplug_add("vdev", "net_null0", "") < 0))
		return 14;
	if (start_run(start_steps, &app) < 0)
		return 15;
	app.configure_all = true;
	if (app_life(&app, LIFE_EV_CONFIGURE, clock_now(&app.clock)) < 0)
		return 16;
	app_life(&app, LIFE_EV_FORCE, clock_now(&app.clock));
	control_loop(&app);
	start_undo(start_steps, &app);
	if (pools() != before)
		return 17;
	rte_eal_cleanup();
	return app.exit_code;
}

static void
start_undoes_a_failure_of_every_step(void **state)
{
	unsigned int i, n = count_steps();
	int status;
	pid_t pid;

	(void)state;
	assert_true(n > 0 && n <= STEPS_MAX);
	/* the last round has no failure: the plain start and stop */
	for (i = 0; i <= n; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(child(i));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		print_message("%s\n", i < n ? start_steps[i].name : "no failure");
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_undoes_a_failure_of_every_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
