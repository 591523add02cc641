/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole program in one struct: what each start step made, what its reverse takes away. Thread: control, but where
 * a member says otherwise.
 */
#pragma once

#include "app/router/args.h"
#include "app/router/clock.h"
#include "app/router/lifecycle.h"
#include "app/router/worker.h"
#include "drivers/tcp/tcp_env.h"
#include "lnet/base/buf.h"
#include "lnet/base/snapshot.h"

#include <stdatomic.h>

#define APP_WORKERS_MAX LNET_CPTS_MAX
#define APP_WHY_MAX 256

struct app {
	struct args args;
	struct clock clock;
	char why[APP_WHY_MAX]; /* reason of the last failure */

	/* made by the start steps, in this order */
	struct event_queue *events;
	struct tel *tel;
	struct buf_mem mem;
	struct worker workers[APP_WORKERS_MAX];
	struct lcore *lcores[APP_WORKERS_MAX];
	unsigned int n_workers, mbufs;
	struct channel *channel;
	struct quiesce quiesce;
	struct ether *ether;
	struct tcp_env tcp_env[APP_WORKERS_MAX];
	struct tcp *tcp[APP_WORKERS_MAX];
	struct socklnd *socklnd;
	struct lnet *lnet;

	/* control loop */
	int epoll_fd, wake_fd, timer_fd, signal_fd;
	enum life_state life;
	bool configure_all; /* LIFE_EV_CONFIGURE brings up the networks of the parameters */
	struct tel_req *unconfigure_req, *release_req; /* answered when it is done */
	uint64_t drain_deadline; /* ns; LIFE_DRAINING */
	bool done; /* the control loop ends */
	int exit_code;
};

/* One step of the start; @stop undoes exactly what @start did. */
struct start_step {
	const char *name;
	int (*start)(struct app *app); /* 0 or -errno with app->why */
	void (*stop)(struct app *app);
};

/* registry.c: the order of the start, the system at a glance. Ends with a step without a name. */
extern const struct start_step start_steps[];

/*
 * Run @steps; when one fails, undo the ones before it in reverse.
 * Return: 0; the failed step's error.
 */
int start_run(const struct start_step *steps, struct app *app);

/* Undo all @steps in reverse. */
void start_undo(const struct start_step *steps, struct app *app);

/* Remember why something failed; returns @rc. */
int app_fail(struct app *app, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* --- the life cycle's deeds (life.c) --- */

/* An event happened: look up what to do and do it. Return: 0, -EBUSY (refused; app->why), the failure of a deed. */
int app_life(struct app *app, enum life_event event, uint64_t now);

/* Called by the control loop: unconfiguring and draining go on. */
void app_life_poll(struct app *app, uint64_t now);

/*
 * What is held, one line a resource, as `lustre_rmmod` prints it: line @i into @line.
 * Return: false beyond the last.
 */
bool app_held(struct app *app, unsigned int i, char *line, unsigned int size);

/* --- the control thread (control.c) --- */
int control_start(struct app *app);
void control_stop(struct app *app);
/* Sleep until something happens (a tick at the latest) and deal with it. */
void control_round(struct app *app);
/* Rounds until app->done. */
void control_loop(struct app *app);
/* Any thread. @ctx is the struct app. */
void control_wake(void *ctx);

/* --- telemetry of the app (app_tel.c) --- */
int app_tel_register(struct app *app);

/* Tell the service manager (NOTIFY_SOCKET), if there is one. */
void notify_manager(const char *state);
