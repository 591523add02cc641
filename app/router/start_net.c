/* SPDX-License-Identifier: BSD-3-Clause */
/* Start steps of the layers: interfaces, TCP engines, network drivers, LNet, commands, and the workers' loops. */
#include "app/router/glue.h"
#include "app/router/steps.h"
#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"
#include "drivers/tcp/tcp_tel.h"
#include "lnet/base/channel.h"
#include "lnet/base/tel.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_random.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
link_changed(void *ctx, unsigned int iface, bool up, uint64_t now)
{
	struct app *app = ctx;

	if (app->socklnd != NULL)
		socklnd_link(app->socklnd, iface, up, now);
}

/* --- interfaces --- */

int
interfaces_start(struct app *app)
{
	struct ether_link_ops ops = {.ctx = app, .link = link_changed};
	unsigned int i;
	int rc;

	rc = ether_create(app->lcores, app->n_workers, &ops, &app->ether);
	if (rc < 0)
		return rc;
	for (i = 0; i < app->args.n_ifaces && rc >= 0; i++)
		rc = ether_iface_add(app->ether, &app->args.ifaces[i], app->why, sizeof(app->why));
	if (rc >= 0)
		rc = ether_start(app->ether, clock_now(&app->clock), app->why, sizeof(app->why));
	if (rc < 0) {
		ether_destroy(app->ether);
		app->ether = NULL;
		return rc;
	}
	for (i = 0; i < app->n_workers; i++) {
		app->workers[i].ether = ether_lcore(app->ether, i);
		if (app->channel != NULL)
			channel_set_handler(
				app->channel, i, CHANNEL_PACKET,
				(struct channel_handler){ether_fan_in, app->workers[i].ether});
	}
	return 0;
}

void
interfaces_stop(struct app *app)
{
	ether_destroy(app->ether);
	app->ether = NULL;
}

/* --- TCP --- */

/*
 * The key of initial sequence numbers and timestamps has to outlive the process, or they would jump at a restart, and a peer
 * that still holds the old connections takes our SYN for an old one (RFC 6528, 7323 5.2). The machine's id stays and is
 * nobody else's business (machine-id(5)); without one the key is random and a reconnect costs the peer a reset.
 */
static void
machine_secret(uint8_t secret[16])
{
	uint64_t r[2] = {rte_rand(), rte_rand()};
	FILE *f = fopen("/etc/machine-id", "r");
	unsigned int i, byte;

	memcpy(secret, r, sizeof(r));
	for (i = 0; f != NULL && i < 16 && fscanf(f, "%2x", &byte) == 1; i++)
		secret[i] = (uint8_t)byte;
	if (f != NULL)
		fclose(f);
}

static void
tcp_settings(const struct app *app, struct tcp_config *cfg)
{
	tcp_config_default(cfg);
	socklnd_tcp_config(&app->args.socklnd, cfg);
	cfg->max_conns = (unsigned int)app->args.max_conns;
	cfg->clock_offset = clock_wall() - clock_now(&app->clock);
	machine_secret(cfg->secret);
}

int
tcp_start(struct app *app)
{
	struct tcp_config cfg;
	unsigned int i;
	int rc;

	tcp_settings(app, &cfg);
	for (i = 0; i < app->n_workers; i++) {
		glue_env(app->workers[i].ether, &app->tcp_env[i]);
		rc = tcp_create(app->lcores[i], &app->tcp_env[i], &cfg, clock_now(&app->clock),
				&app->tcp[i]);
		if (rc < 0) {
			while (i-- > 0)
				tcp_destroy(app->tcp[i], clock_now(&app->clock));
			return app_fail(app, rc, "no memory for %u TCP connections on worker %u",
					cfg.max_conns, i);
		}
		app->workers[i].tcp = app->tcp[i];
		glue_up(app->workers[i].ether, app->tcp[i]);
	}
	return 0;
}

void
tcp_stop(struct app *app)
{
	unsigned int i;

	for (i = app->n_workers; i-- > 0;) {
		tcp_destroy(app->tcp[i], clock_now(&app->clock));
		app->workers[i].tcp = NULL;
	}
}

/* --- network drivers --- */

static int
find_iface(void *arg, const char *name, struct socklnd_iface *out)
{
	struct app *app = arg;
	struct ether_iface_info info;
	int rc;

	rc = *name == '\0' ? ether_iface_get(app->ether, 0, &info)
			   : ether_iface_find(app->ether, name, &info);
	if (rc < 0)
		return rc;
	memset(out, 0, sizeof(*out));
	out->index = info.index;
	out->speed_mbps = info.speed_mbps;
	out->mtu = info.conf->mtu;
	out->link_up = info.link_up;
	for (; out->n_addrs < info.conf->n_addrs && out->n_addrs < SOCKLND_ADDRS_MAX;
	     out->n_addrs++)
		out->addrs[out->n_addrs] = info.conf->addrs[out->n_addrs].addr;
	return 0;
}

static unsigned int
find_home(void *arg, const struct ipaddr *local, const struct ipaddr *remote)
{
	struct app *app = arg;

	return ether_home(app->ether, local, remote);
}

int
socklnd_start(struct app *app)
{
	struct socklnd_env env = {
		.arg = app,
		.iface = find_iface,
		.home = find_home,
		.n_workers = app->n_workers,
	};
	struct socklnd_config *cfg = &app->args.socklnd;
	unsigned int i;
	int rc;

	cfg->max_peers = app->args.lnet.max_peers * (int)app->n_workers;
	cfg->max_conns = app->args.max_conns * (int)app->n_workers;
	for (i = 0; i < app->n_workers; i++) {
		env.tcp[i] = app->tcp[i];
		env.lcores[i] = app->lcores[i];
	}
	rc = socklnd_create(&env, cfg, &app->socklnd);
	return rc < 0 ? app_fail(app, rc, "socklnd: %s", strerror(-rc)) : 0;
}

void
socklnd_stop(struct app *app)
{
	unsigned int left = socklnd_leaks(app->socklnd);

	if (left > 0) {
		LOG(ERR, "socklnd: %u connections and peers were not given back", left);
		app->exit_code = 1;
	}
	socklnd_destroy(app->socklnd);
	app->socklnd = NULL;
}

/* --- LNet --- */

static uint64_t
wall(void *ctx)
{
	(void)ctx;
	return clock_wall();
}

int
lnet_start(struct app *app)
{
	struct lnet_lnd lnds[REGISTRY_LNDS];
	struct lnet_env env = {
		.lcores = app->lcores,
		.n_lcores = app->n_workers,
		.channel = app->channel,
		.quiesce = &app->quiesce,
		.lnds = lnds,
		.n_lnds = REGISTRY_LNDS,
		.wall_clock = wall,
	};
	struct channel_handler h;
	unsigned int i;
	int rc;

	registry_lnds(app, lnds);
	app->args.lnet.wall_ns = clock_wall();
	rc = lnet_create(&env, &app->args.lnet, clock_now(&app->clock), &app->lnet, app->why,
			 sizeof(app->why));
	if (rc < 0)
		return rc;
	for (i = 0; i < app->n_workers; i++) {
		app->workers[i].cpt = lnet_cpt_of(app->lnet, i);
		if (app->channel == NULL)
			continue;
		h = (struct channel_handler){lnet_channel_msg, app->workers[i].cpt};
		channel_set_handler(app->channel, i, CHANNEL_MSG, h);
		h.fn = lnet_channel_done;
		channel_set_handler(app->channel, i, CHANNEL_DONE, h);
	}
	return 0;
}

void
lnet_stop(struct app *app)
{
	if (lnet_leaks(app->lnet) > 0)
		app->exit_code = 1;
	lnet_destroy(app->lnet);
	app->lnet = NULL;
}

/* --- commands, workers --- */

int
commands_start(struct app *app)
{
	int rc = app_tel_register(app);

	if (rc == 0)
		rc = ether_tel_register(app->ether, app->tel);
	if (rc == 0)
		rc = tcp_tel_register(app->tcp, app->n_workers, app->lcores, app->tel);
	if (rc == 0)
		rc = socklnd_tel_register(app->socklnd, app->tel);
	if (rc == 0)
		rc = lnet_tel_register(app->lnet, app->tel);
	if (rc < 0)
		commands_stop(app);
	return rc;
}

void
commands_stop(struct app *app)
{
	tel_unregister_owner(app->tel, app->lnet);
	tel_unregister_owner(app->tel, app->socklnd);
	tel_unregister_owner(app->tel, app->tcp);
	tel_unregister_owner(app->tel, app->ether);
	tel_unregister_owner(app->tel, app);
}

static void
stop_workers(struct app *app, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		worker_stop(&app->workers[i]);
	for (i = 0; i < n; i++)
		rte_eal_wait_lcore(app->workers[i].lc.lcore_id);
}

/* Until a worker polls, lcore_call() runs in the caller: the two must not overlap. */
static void
wait_running(struct app *app)
{
	unsigned int i;

	for (i = 0; i < app->n_workers; i++)
		while (!atomic_load_explicit(&app->workers[i].lc.running, memory_order_acquire))
			rte_delay_us_sleep(100);
}

int
workers_start(struct app *app)
{
	unsigned int i;
	int rc;

	for (i = 0; i < app->n_workers; i++) {
		rc = rte_eal_remote_launch(worker_loop, &app->workers[i],
					   app->workers[i].lc.lcore_id);
		if (rc < 0) {
			stop_workers(app, i);
			return app_fail(app, rc, "worker %u cannot be launched: %s", i,
					strerror(-rc));
		}
	}
	wait_running(app);
	return 0;
}

void
workers_stop(struct app *app)
{
	stop_workers(app, app->n_workers);
}
