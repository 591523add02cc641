/* SPDX-License-Identifier: BSD-3-Clause */
/* The start steps that registry.c lists; each pair is in the file named. */
#pragma once

#include "app/router/app.h"
#include "drivers/lolnd/lolnd.h"
#include "drivers/socklnd/socklnd.h"
#include "lnet/lnet.h"

#define REGISTRY_LNDS 2

/* Table of the network drivers. */
void registry_lnds(struct app *app, struct lnet_lnd lnds[REGISTRY_LNDS]);

/* start_base.c: what lies below all layers */
int events_start(struct app *app);
void events_stop(struct app *app);
int telemetry_start(struct app *app);
void telemetry_stop(struct app *app);
int parameters_start(struct app *app);
void parameters_stop(struct app *app);
int memory_start(struct app *app);
void memory_stop(struct app *app);
int lcores_start(struct app *app);
void lcores_stop(struct app *app);
int channel_start(struct app *app);
void channel_stop(struct app *app);
int quiesce_start(struct app *app);
void quiesce_stop(struct app *app);
int ledger_start(struct app *app);
void ledger_stop(struct app *app);

/* start_net.c: the layers */
int interfaces_start(struct app *app);
void interfaces_stop(struct app *app);
int tcp_start(struct app *app);
void tcp_stop(struct app *app);
int socklnd_start(struct app *app);
void socklnd_stop(struct app *app);
int lnet_start(struct app *app);
void lnet_stop(struct app *app);
int commands_start(struct app *app);
void commands_stop(struct app *app);
int workers_start(struct app *app);
void workers_stop(struct app *app);
