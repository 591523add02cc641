/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/unit/app/whole.h"

#include "lnet/base/log.h"

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int
whole_eal_init(void)
{
	static char *eal[] = {
		"test",		"--no-huge",	  "-m",	      "192",	 "--no-pci",
		"--no-shconf",	"--no-telemetry", "--lcores", "0@0,1@0", "--vdev=net_null0",
		"--log-level=4"};

	if (rte_eal_init((int)(sizeof(eal) / sizeof(eal[0])), eal) < 0)
		return -1;
	log_init();
	log_set_level(4);
	return 0;
}

void
whole_init(struct app *app)
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

int
whole_start(struct app *app, const struct start_step *steps)
{
	/* undoing closed the port for good: its device is taken out and put in again */
	if (rte_eth_dev_count_avail() == 0 &&
	    (rte_eal_hotplug_remove("vdev", "net_null0") < 0 ||
	     rte_eal_hotplug_add("vdev", "net_null0", "") < 0))
		return -ENODEV;
	return start_run(steps, app);
}

static void
count_pool(struct rte_mempool *mp, void *n)
{
	(void)mp;
	++*(unsigned int *)n;
}

unsigned int
whole_pools(void)
{
	unsigned int n = 0;

	rte_mempool_walk(count_pool, &n);
	return n;
}

int
whole_in_child(int (*fn)(unsigned int arg), unsigned int arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
