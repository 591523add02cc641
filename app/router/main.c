/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lnet-router [EAL options] -- [options]. Start, control loop, stop. The only file that ends the program.
 */
#include "app/router/app.h"
#include "lnet/base/lcore.h"
#include "version.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * SIGTERM and SIGINT reach the control thread's signalfd only if every thread has them blocked, so this runs before
 * EAL makes threads. SIGPIPE would come from a virtio-user port whose backend died.
 */
static void
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int
run(struct app *app)
{
	int rc = start_run(start_steps, app);

	if (rc < 0)
		return 1;
	if (app->args.config_on_load) {
		app->configure_all = true;
		rc = app_life(app, LIFE_EV_CONFIGURE, clock_now(&app->clock));
	}
	if (rc == 0) {
		notify_manager("READY=1");
		LOG(NOTICE, "%s", life_state_name(app->life));
		control_loop(app);
	} else {
		app->exit_code = 1;
	}
	notify_manager("STOPPING=1");
	start_undo(start_steps, app);
	LOG(NOTICE, "released");
	return app->exit_code;
}

/* Position of "--" in the arguments, or @argc. Before it are EAL's. */
static int
find_own(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return i;
	return argc;
}

/* The options that need no EAL. Return: 1 go on, else the exit code + 2. */
static int
early(struct app *app, int own, int argc, char **argv)
{
	char why[APP_WHY_MAX];

	args_default(&app->args);
	if (own < argc && args_parse(&app->args, argc - own, argv + own, why, sizeof(why)) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], why);
		return 1 + 2;
	}
	if (app->args.help || (argc == 2 && strcmp(argv[1], "--help") == 0)) {
		args_usage(argv[0]);
		return 0 + 2;
	}
	if (app->args.version || (argc == 2 && strcmp(argv[1], "--version") == 0)) {
		printf("lnet-router %s, %s\n", ROUTER_VERSION, rte_version());
		return 0 + 2;
	}
	return 1;
}

int
main(int argc, char **argv)
{
	int own = find_own(argc, argv), rc;
	struct app *app = calloc(1, sizeof(*app));

	if (app == NULL)
		return 1;
	rc = early(app, own, argc, argv);
	if (rc != 1) {
		free(app);
		return rc - 2;
	}
	block_signals();
	rc = rte_eal_init(own, argv);
	if (rc < 0) {
		fprintf(stderr, "%s: EAL: %s\n", argv[0], rte_strerror(rte_errno));
		free(app);
		return 1;
	}
	if (log_init() < 0 || log_set_level((unsigned int)app->args.log_level) < 0)
		LOG(WARNING, "log levels cannot be set");
	clock_init(&app->clock);
	rc = run(app);
	rte_eal_cleanup();
	free(app);
	return rc;
}
