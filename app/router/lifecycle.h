/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life cycle as a table: loaded, configured, unconfiguring, draining, released. Pure: an event goes in, what to do
 * comes out; app/router/control.c does it. The rule behind it: ports are released only after LNet was explicitly
 * unconfigured, because a configured box is assumed to be routing.
 */
#pragma once

#include <stdbool.h>

enum life_state {
	LIFE_LOADED, /* ports owned, workers polling, no network */
	LIFE_CONFIGURED,
	LIFE_UNCONFIGURING, /* connections are closing; then LOADED */
	LIFE_DRAINING, /* messages under way leave, or the deadline comes; then LEAVING */
	LIFE_LEAVING, /* unconfiguring on the way out; then RELEASED */
	LIFE_RELEASED, /* the program ends */
	LIFE_STATES
};

enum life_event {
	LIFE_EV_CONFIGURE,
	LIFE_EV_UNCONFIGURE,
	LIFE_EV_RELEASE,
	LIFE_EV_FORCE, /* release with force: unconfigure first */
	LIFE_EV_TERM, /* SIGTERM or SIGINT where a refusal is the answer while configured */
	LIFE_EV_DRAIN, /* SIGTERM or SIGINT where the box has to go: drain, unconfigure, release */
	LIFE_EV_IDLE, /* nothing is under way any more, or the drain deadline has passed */
	LIFE_EV_DOWN, /* LNet is down */
	LIFE_EVENTS
};

enum life_action {
	LIFE_NOTHING, /* fine, nothing to do */
	LIFE_REFUSE, /* tell what is held; nothing changes */
	LIFE_BUSY, /* something is under way: -EBUSY; nothing changes */
	LIFE_DO_CONFIGURE, /* the state changes only if it works: life_step(..., LIFE_EV_DOWN) takes it back */
	LIFE_DO_UNCONFIGURE,
	LIFE_DO_DRAIN,
	LIFE_DO_RELEASE,
};

/*
 * Next state into *@state. Every pair of state and event has an entry.
 */
enum life_action life_step(enum life_state *state, enum life_event event);

/* Word for telemetry and logs: "loaded", "configured", ... */
const char *life_state_name(enum life_state state);
