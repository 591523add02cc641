/* SPDX-License-Identifier: BSD-3-Clause */
/* What the life cycle does: the deeds behind the table of lifecycle.c. Thread: control. */
#include "app/router/app.h"
#include "drivers/ether/ether.h"
#include "drivers/socklnd/socklnd.h"
#include "lnet/base/tel.h"
#include "lnet/lnet.h"

#define LOG_TYPE LOG_T_APP
#include "lnet/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void
log_acceptor(const struct socklnd_config *c)
{
	static const char *const words[] = {
		[SOCKLND_ACCEPT_SECURE] = "secure",
		[SOCKLND_ACCEPT_ALL] = "all",
		[SOCKLND_ACCEPT_NONE] = "none",
	};

	if (c->accept_port_bulk != c->accept_port)
		LOG(NOTICE, "Accept %s, ports %d and %d", words[c->accept], c->accept_port,
		    c->accept_port_bulk);
	else
		LOG(NOTICE, "Accept %s, port %d", words[c->accept], c->accept_port);
}

static int
do_configure(struct app *app, uint64_t now)
{
	int rc = lnet_configure(app->lnet, app->configure_all, now, app->why, sizeof(app->why));

	if (rc < 0) {
		life_step(&app->life, LIFE_EV_DOWN);
		LOG(ERR, "configure failed: %s", app->why);
		return rc;
	}
	log_acceptor(&app->args.socklnd);
	LOG(NOTICE, "LNet configured");
	notify_manager("STATUS=configured");
	return 0;
}

static int
do_drain(struct app *app, uint64_t now)
{
	LOG(NOTICE, "draining for at most %d s", app->args.drain_s);
	notify_manager("STOPPING=1\nSTATUS=draining");
	app->drain_deadline = now + (uint64_t)app->args.drain_s * NS_PER_S_;
	return 0;
}

int
app_life(struct app *app, enum life_event event, uint64_t now)
{
	enum life_state before = app->life;
	int rc = 0;

	switch (life_step(&app->life, event)) {
	case LIFE_NOTHING:
		break;
	case LIFE_REFUSE:
		rc = app_fail(app, -EBUSY, "LNet is configured");
		break;
	case LIFE_BUSY:
		rc = app_fail(app, -EBUSY, "the router is %s", life_state_name(app->life));
		break;
	case LIFE_DO_CONFIGURE:
		rc = do_configure(app, now);
		break;
	case LIFE_DO_UNCONFIGURE:
		lnet_unconfigure(app->lnet, now);
		break;
	case LIFE_DO_DRAIN:
		rc = do_drain(app, now);
		break;
	case LIFE_DO_RELEASE:
		app->done = true;
		break;
	}
	if (app->life != before)
		LOG(DEBUG, "life cycle: %s to %s", life_state_name(before),
		    life_state_name(app->life));
	return rc;
}

static void
answer(struct tel_req **req)
{
	if (*req != NULL)
		tel_finish(*req, 0);
	*req = NULL;
}

void
app_life_poll(struct app *app, uint64_t now)
{
	if (app->life == LIFE_DRAINING && (lnet_is_idle(app->lnet) || now >= app->drain_deadline))
		app_life(app, LIFE_EV_IDLE, now);
	if ((app->life == LIFE_UNCONFIGURING || app->life == LIFE_LEAVING) &&
	    !lnet_is_configured(app->lnet)) {
		LOG(NOTICE, "LNet unconfigured");
		app_life(app, LIFE_EV_DOWN, now);
		answer(&app->unconfigure_req);
	}
	if (app->done)
		answer(&app->release_req);
}

/* Interfaces with the NIDs that use them. */
static bool
held_iface(struct app *app, unsigned int i, char *line, unsigned int size)
{
	struct ether_iface_info info;
	char nid[LNET_NID_STR_MAX];
	struct lnet_ni *ni;
	unsigned int n, len;

	if (ether_iface_get(app->ether, i, &info) < 0)
		return false;
	len = (unsigned int)snprintf(line, size, "ethdev %s interface=%s", info.port, info.name);
	for (n = 0; (ni = lnet_ni_at(app->lnet, n)) != NULL; n++)
		if (strcmp(ni->ifname, info.name) == 0 && len < size)
			len += (unsigned int)snprintf(line + len, size - len, " nid=%s",
						      lnet_nid_format(&ni->nid, nid));
	return true;
}

bool
app_held(struct app *app, unsigned int i, char *line, unsigned int size)
{
	unsigned int nis = 0;

	while (lnet_ni_at(app->lnet, nis) != NULL)
		nis++;
	switch (i) {
	case 0:
		snprintf(line, size, "socklnd nis=%u", nis > 0 ? nis - 1 : 0);
		return true;
	case 1:
		snprintf(line, size, "lnet configured=%d routing=%d", lnet_is_configured(app->lnet),
			 lnet_is_routing(app->lnet));
		return true;
	default:
		return held_iface(app, i - 2, line, size);
	}
}
