/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system at a glance: which network drivers there are, and in which order everything starts. It stops in the
 * reverse order.
 */
#include "app/router/steps.h"

const struct start_step start_steps[] = {
	{"events", events_start, events_stop},
	{"control", control_start, control_stop},
	{"telemetry", telemetry_start, telemetry_stop},
	{"parameters", parameters_start, parameters_stop},
	{"memory", memory_start, memory_stop},
	{"lcores", lcores_start, lcores_stop},
	{"channel", channel_start, channel_stop},
	{"quiesce", quiesce_start, quiesce_stop},
	{"interfaces", interfaces_start, interfaces_stop},
	{"ledger", ledger_start, ledger_stop},
	{"tcp", tcp_start, tcp_stop},
	{"socklnd", socklnd_start, socklnd_stop},
	{"lnet", lnet_start, lnet_stop},
	{"commands", commands_start, commands_stop},
	{"workers", workers_start, workers_stop},
	{NULL, NULL, NULL},
};

void
registry_lnds(struct app *app, struct lnet_lnd lnds[REGISTRY_LNDS])
{
	lnds[0] = (struct lnet_lnd){.ops = &lolnd_ops, .ctx = NULL};
	lnds[1] = (struct lnet_lnd){.ops = &socklnd_ops, .ctx = app->socklnd};
}
