/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread (the EAL main lcore): asleep in epoll until somebody wakes it, a signal comes or the clock ticks.
 */
#include "app/router/app.h"
#include "drivers/ether/ether.h"
#include "lnet/base/event.h"
#include "lnet/base/tel.h"
#include "lnet/lnet.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define TICK_NS 50000000 /* periodic work of the layers */

void
control_wake(void *ctx)
{
	struct app *app = ctx;
	uint64_t one = 1;

	/* a full counter means that a wake-up is pending already */
	if (write(app->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		LOG(ERR, "control thread: cannot be woken: %s", strerror(errno));
}

static int
watch(struct app *app, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(app->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	return 0;
}

static int
make_fds(struct app *app, const sigset_t *signals)
{
	struct itimerspec tick = {
		.it_interval = {.tv_nsec = TICK_NS},
		.it_value = {.tv_nsec = TICK_NS},
	};
	int rc;

	app->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (app->epoll_fd < 0)
		return -errno;
	/* wake_fd exists since events_start(): others may have it already */
	rc = watch(app, app->wake_fd);
	if (rc < 0)
		return rc;
	app->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	rc = watch(app, app->timer_fd);
	if (rc < 0)
		return rc;
	if (timerfd_settime(app->timer_fd, 0, &tick, NULL) < 0)
		return -errno;
	app->signal_fd = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC);
	return watch(app, app->signal_fd);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int
control_start(struct app *app)
{
	sigset_t signals;
	int rc;

	app->epoll_fd = app->timer_fd = app->signal_fd = -1;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	rc = make_fds(app, &signals);
	if (rc < 0) {
		control_stop(app);
		return app_fail(app, rc, "control thread: %s", strerror(-rc));
	}
	return 0;
}

void
control_stop(struct app *app)
{
	close_fd(&app->signal_fd);
	close_fd(&app->timer_fd);
	close_fd(&app->epoll_fd);
}

static bool
drains(const struct app *app)
{
	if (app->args.term == TERM_AUTO)
		return getenv("NOTIFY_SOCKET") != NULL;
	return app->args.term == TERM_DRAIN;
}

static void
handle_signal(struct app *app, uint64_t now)
{
	struct signalfd_siginfo si;
	char line[160];
	unsigned int i;

	while (read(app->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		LOG(NOTICE, "%s received while %s", strsignal((int)si.ssi_signo),
		    life_state_name(app->life));
		if (app_life(app, drains(app) ? LIFE_EV_DRAIN : LIFE_EV_TERM, now) != -EBUSY)
			continue;
		LOG(NOTICE,
		    "refused: LNet is configured and may be routing; unconfigure first. Still held:");
		for (i = 0; app_held(app, i, line, sizeof(line)); i++)
			LOG(NOTICE, "  %s", line);
	}
}

static void
drain_fd(int fd)
{
	uint64_t n;

	/* the value does not matter: everything that can wait is looked at */
	while (read(fd, &n, sizeof(n)) == sizeof(n))
		;
}

void
control_round(struct app *app)
{
	struct epoll_event ev[4];
	uint64_t now;
	int i, n;

	n = epoll_wait(app->epoll_fd, ev, 4, -1);
	now = clock_now(&app->clock);
	for (i = 0; i < n; i++) {
		if (ev[i].data.fd == app->signal_fd)
			handle_signal(app, now);
		else
			drain_fd(ev[i].data.fd);
	}
	event_queue_run(app->events, now);
	tel_run(app->tel, now);
	ether_control(app->ether, now);
	lnet_control(app->lnet, now);
	app_life_poll(app, now);
}

void
control_loop(struct app *app)
{
	while (!app->done)
		control_round(app);
	/* the answer to the release has to leave before the socket goes */
	tel_run(app->tel, clock_now(&app->clock));
}
