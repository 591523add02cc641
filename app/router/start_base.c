/* SPDX-License-Identifier: BSD-3-Clause */
/* Start steps of what lies below all layers: events, telemetry, memory, workers' cores, channel, ledger. */
#include "app/router/steps.h"
#include "lnet/base/channel.h"
#include "lnet/base/event.h"
#include "lnet/base/tel.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EVENTS 4096 /* that may wait for the control thread */
#define TICK_NS 1000000 /* of the timer wheels: TCP wants 1 ms */
#define LOSSY_PACKETS 2048 /* that may wait between two workers */

/* What the memory plan assumes of the ports before they are open; ledger_start() checks it against the real ones. */
#define PLAN_RX_DESC 1024
#define PLAN_TX_DESC 1024
#define PLAN_CACHE 1024
#define PLAN_BURST \
	256 /* mbufs of a round: 64 frames, or large segments of together 64 mbufs and four more of 33 */

int
events_start(struct app *app)
{
	int rc;

	app->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (app->wake_fd < 0)
		return app_fail(app, -errno, "eventfd: %s", strerror(errno));
	rc = event_queue_create(EVENTS, control_wake, app, &app->events);
	if (rc < 0)
		close(app->wake_fd);
	return rc;
}

void
events_stop(struct app *app)
{
	event_queue_destroy(app->events);
	close(app->wake_fd);
}

int
telemetry_start(struct app *app)
{
	int rc = tel_create(control_wake, app, &app->tel);

	return rc < 0 ? app_fail(app, rc, "telemetry: %s", strerror(-rc)) : 0;
}

void
telemetry_stop(struct app *app)
{
	tel_destroy(app->tel);
}

static uint16_t
narrowest_mtu(const struct args *a)
{
	uint16_t mtu = 9000;
	unsigned int i;

	for (i = 0; i < a->n_ifaces; i++)
		if (a->ifaces[i].mtu < mtu)
			mtu = a->ifaces[i].mtu;
	return mtu;
}

/* A worker's share of what was configured. */
static void
plan_conf(const struct app *app, unsigned int n_workers, struct ledger_conf *c)
{
	const struct lnet_params *p = &app->args.lnet;

	*c = (struct ledger_conf){
		.mbuf_size = (uint32_t)(sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM) +
			(uint32_t)app->args.mbuf_room,
		.mbuf_room = (uint32_t)app->args.mbuf_room,
		.mtu = narrowest_mtu(&app->args),
		.rx_desc = PLAN_RX_DESC * app->args.n_ifaces,
		.tx_desc = PLAN_TX_DESC * app->args.n_ifaces,
		.cache = PLAN_CACHE,
		.burst = PLAN_BURST,
		.conns = (unsigned int)app->args.max_conns,
		.window_min = (uint32_t)app->args.window_min,
		.tiny = lnet_params_buffers(p, LNET_RTR_TINY, n_workers),
		.small = lnet_params_buffers(p, LNET_RTR_SMALL, n_workers),
		.large = lnet_params_buffers(p, LNET_RTR_LARGE, n_workers),
		.reorder = (uint64_t)app->args.reorder_mib << 20,
		.local = (uint64_t)app->args.local_mib << 20,
		.sent = (uint64_t)app->args.sent_mib << 20,
	};
}

static unsigned int
count_workers(void)
{
	unsigned int lcore, n = 0;

	RTE_LCORE_FOREACH_WORKER(lcore)
		n++;
	return n;
}

int
parameters_start(struct app *app)
{
	app->n_workers = count_workers();
	if (app->n_workers == 0 || app->n_workers > APP_WORKERS_MAX)
		return app_fail(
			app, -EINVAL,
			"%u worker lcores: 1 to %d beside the main lcore are allowed (EAL -l)",
			app->n_workers, APP_WORKERS_MAX);
	return args_resolve(&app->args, app->n_workers, app->why, sizeof(app->why));
}

void
parameters_stop(struct app *app)
{
	app->n_workers = 0;
}

int
memory_start(struct app *app)
{
	struct ledger_plan plan;
	struct ledger_conf conf;
	unsigned int mbufs = (unsigned int)app->args.mbufs;
	int rc;

	if (mbufs == 0) {
		plan_conf(app, app->n_workers, &conf);
		rc = ledger_plan_make(&plan, &conf, UINT64_MAX);
		if (rc < 0)
			return app_fail(
				app, rc,
				"memory plan: impossible values (mbuf_room, mtu, window_min)");
		mbufs = (unsigned int)(plan.need / conf.mbuf_size + 1) * app->n_workers;
	}
	rc = buf_mem_create(&app->mem, "lnet", mbufs, (unsigned int)app->args.mbuf_room,
			    (int)rte_socket_id());
	if (rc < 0)
		return app_fail(
			app, rc,
			"no memory for %u packet buffers of %d bytes: give more (-m, hugepages) or "
			"configure fewer router buffers",
			mbufs, app->args.mbuf_room);
	app->mbufs = mbufs;
	LOG(INFO, "%u packet buffers of %d bytes", mbufs, app->args.mbuf_room);
	return 0;
}

void
memory_stop(struct app *app)
{
	/* all layers are gone, the ports have given back what their queues held */
	if (buf_mem_leaks(&app->mem) > 0)
		app->exit_code = 1;
	buf_mem_destroy(&app->mem);
}

int
lcores_start(struct app *app)
{
	uint64_t now = clock_now(&app->clock);
	unsigned int id, i = 0;
	struct worker *w;
	int rc;

	RTE_LCORE_FOREACH_WORKER(id) {
		w = &app->workers[i];
		rc = lcore_init(&w->lc, i, app->n_workers, id, now, TICK_NS);
		if (rc < 0) {
			while (i-- > 0)
				lcore_fini(&app->workers[i].lc);
			return rc;
		}
		w->lc.mem = &app->mem;
		w->lc.events = app->events;
		w->clock = app->clock;
		w->quiesce = &app->quiesce;
		w->idle = (enum idle_policy)app->args.idle;
		w->sleep_us = (unsigned int)app->args.sleep_us;
		atomic_store(&w->stop, false);
		app->lcores[i++] = &w->lc;
	}
	LOG(NOTICE, "HW CPU cores: %u, npartitions: %u", rte_lcore_count(), app->n_workers);
	return 0;
}

void
lcores_stop(struct app *app)
{
	unsigned int i;

	for (i = app->n_workers; i-- > 0;)
		lcore_fini(&app->workers[i].lc);
}

/* Every message that exists may wait in the ring between one pair of workers. */
static unsigned int
messages_max(const struct app *app)
{
	return lnet_params_messages(&app->args.lnet, app->n_workers);
}

int
channel_start(struct app *app)
{
	unsigned int i;
	int rc;

	app->channel = NULL;
	if (app->n_workers == 1)
		return 0;
	rc = channel_create(app->n_workers, LOSSY_PACKETS, messages_max(app), &app->channel);
	if (rc < 0)
		return app_fail(app, rc, "no memory for the rings between %u workers",
				app->n_workers);
	for (i = 0; i < app->n_workers; i++)
		app->workers[i].lc.channel = app->channel;
	return 0;
}

void
channel_stop(struct app *app)
{
	if (app->channel != NULL)
		channel_destroy(app->channel);
}

int
quiesce_start(struct app *app)
{
	return quiesce_create(&app->quiesce, app->n_workers);
}

void
quiesce_stop(struct app *app)
{
	quiesce_destroy(&app->quiesce);
}

int
ledger_start(struct app *app)
{
	struct ledger_plan plan;
	struct ledger_conf conf;
	uint64_t floor;
	unsigned int i;
	int rc;

	plan_conf(app, app->n_workers, &conf);
	for (i = 0; i < app->n_workers; i++) {
		floor = ether_floor_bytes(app->ether, i);
		conf.rx_desc = (unsigned int)(floor / conf.mbuf_size);
		rc = ledger_plan_make(&plan, &conf,
				      (uint64_t)app->mbufs / app->n_workers * conf.mbuf_size);
		if (rc == 0)
			rc = ledger_init(&app->workers[i].lc.ledger, &plan);
		if (rc < 0)
			return app_fail(
				app, rc,
				"worker %u needs %llu packet buffers for the configured router "
				"buffers, connections and ports, there are %u: raise --mbufs or lower them",
				i, (unsigned long long)plan.need / conf.mbuf_size + 1,
				app->mbufs / app->n_workers);
	}
	return 0;
}

void
ledger_stop(struct app *app)
{
	unsigned int i;
	uint64_t used;

	for (i = 0; i < app->n_workers; i++) {
		used = ledger_used(&app->workers[i].lc.ledger);
		if (used != 0) {
			LOG(ERR, "worker %u: %llu bytes of the memory ledger were not given back",
			    i, (unsigned long long)used);
			app->exit_code = 1;
		}
	}
}
