/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of the program as a whole: life cycle, workers, memory. */
#include "app/router/app.h"

#include "lnet/base/counter.h"
#include "lnet/base/event.h"
#include "lnet/base/pool.h"
#include "lnet/base/tel.h"
#include "version.h"

#include <rte_mempool.h>
#include <rte_version.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int
configure(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	int64_t all = 0, large = 0;
	int rc;

	if (kv_get_int(params, "all", 0, 1, &all) < 0 ||
	    kv_get_int(params, "large", 0, 1, &large) < 0)
		return tel_fail(req, -EINVAL, "all and large are 0 or 1");
	tel_int(tel_out(req), "new", app->life == LIFE_LOADED);
	app->configure_all = all == 1;
	rc = app_life(app, LIFE_EV_CONFIGURE, now);
	return rc < 0 ? tel_fail(req, rc, "%s", app->why) : 0;
}

static int
unconfigure(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	int rc;

	(void)params;
	if (app->unconfigure_req != NULL)
		return tel_fail(req, -EBUSY, "LNet is being unconfigured already");
	rc = app_life(app, LIFE_EV_UNCONFIGURE, now);
	if (rc < 0)
		return tel_fail(req, rc, "%s", app->why);
	if (app->life == LIFE_LOADED)
		return 0;
	app->unconfigure_req = req;
	return TEL_LATER;
}

static int
release(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	int64_t force = 0;
	char line[160];
	unsigned int i;
	int rc;

	if (kv_get_int(params, "force", 0, 1, &force) < 0)
		return tel_fail(req, -EINVAL, "force is 0 or 1");
	rc = app_life(app, force == 1 ? LIFE_EV_FORCE : LIFE_EV_RELEASE, now);
	if (rc == 0) {
		app->release_req = req;
		return TEL_LATER;
	}
	tel_begin(tel_out(req), "held");
	for (i = 0; app_held(app, i, line, sizeof(line)); i++) {
		char key[12];

		snprintf(key, sizeof(key), "%u", i);
		tel_str(tel_out(req), key, line);
	}
	tel_end(tel_out(req));
	return tel_fail(req, rc, "%s", app->why);
}

static int
info(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	struct tel_out *o = tel_out(req);

	(void)params;
	(void)now;
	tel_str(o, "version", ROUTER_VERSION);
	tel_int(o, "pid", getpid());
	tel_str(o, "state", life_state_name(app->life));
	tel_int(o, "workers", app->n_workers);
	tel_str(o, "dpdk", rte_version());
	tel_u64(o, "events_lost", event_queue_lost(app->events));
	return 0;
}

static void
show_worker(const struct worker *w, struct tel_out *o, uint64_t tsc)
{
	char key[40];
	enum poller p;

	tel_int(o, "lcore", w->lc.lcore_id);
	tel_u64(o, "elapsed_cycles", w->started_cycles != 0 ? tsc - w->started_cycles : 0);
	tel_u64(o, "busy_cycles", counter_read(&w->busy_cycles));
	tel_u64(o, "idle_cycles", counter_read(&w->idle_cycles));
	tel_u64(o, "rounds", counter_read(&w->rounds));
	tel_u64(o, "busy_rounds", counter_read(&w->busy_rounds));
	tel_u64(o, "hz", w->clock.hz);
	for (p = 0; p < POLLERS; p++) {
		snprintf(key, sizeof(key), "%s_cycles", worker_poller_name(p));
		tel_u64(o, key, counter_read(&w->cycles[p]));
		snprintf(key, sizeof(key), "%s_items", worker_poller_name(p));
		tel_u64(o, key, counter_read(&w->items[p]));
	}
}

static int
workers(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	unsigned int i;

	(void)params;
	(void)now;
	tel_begin(tel_out(req), "data");
	for (i = 0; i < app->n_workers; i++) {
		tel_begin_item(tel_out(req), i);
		show_worker(&app->workers[i], tel_out(req), rte_rdtsc());
		tel_end(tel_out(req));
	}
	tel_end(tel_out(req));
	return 0;
}

static void
show_ledger(const struct ledger *l, struct tel_out *o)
{
	const struct ledger_use *u;
	unsigned int a;

	for (a = 0; a < LEDGER_ACCOUNTS; a++) {
		u = &l->use[a];
		tel_begin(o, ledger_account_desc[a].name);
		tel_u64(o, "size", counter_read(&u->size));
		tel_u64(o, "used", counter_read(&u->used));
		tel_u64(o, "high", counter_read(&u->high));
		tel_u64(o, "refused", counter_read(&u->refused));
		tel_end(o);
	}
}

static int
memory(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct app *app = owner;
	struct tel_out *o = tel_out(req);
	unsigned int i;

	(void)params;
	(void)now;
	tel_u64(o, "mbufs", app->mbufs);
	tel_u64(o, "mbufs_used", rte_mempool_in_use_count(app->mem.mbufs));
	tel_u64(o, "slices", pool_size(app->mem.slices));
	tel_u64(o, "slices_used", pool_used(app->mem.slices));
	tel_begin(o, "data");
	for (i = 0; i < app->n_workers; i++) {
		tel_begin_item(o, i);
		show_ledger(&app->workers[i].lc.ledger, o);
		tel_end(o);
	}
	tel_end(o);
	return 0;
}

int
app_tel_register(struct app *app)
{
	static const struct tel_cmd cmds[] = {
		{"/lnet/configure", configure, "[all=0|1][;large=0|1]: bring LNet up"},
		{"/lnet/unconfigure", unconfigure, "take LNet down; answers when it is"},
		{"/lnet/release", release,
		 "[force=0|1]: give the ports back and end; refused while configured"},
		{"/app/info", info, "version, process, state of the life cycle"},
		{"/app/workers", workers, "cycles and items of each worker's pollers"},
		{"/app/memory", memory,
		 "packet buffers and the accounts of each worker's memory ledger"},
	};

	return tel_register(app->tel, cmds, sizeof(cmds) / sizeof(cmds[0]), app);
}
