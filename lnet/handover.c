/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages between workers. */
#include "lnet/handover.h"

#include "lnet/base/channel.h"
#include "lnet/base/check.h"
#include "lnet/cpt.h"
#include "lnet/forward.h"
#include "lnet/lnet_priv.h"
#include "lnet/local.h"
#include "lnet/msg.h"
#include "lnet/op.h"
#include "lnet/send.h"

static void
pass(struct lnet_cpt *cpt, unsigned int to, enum channel_type type, struct lnet_msg *msg)
{
	/* reliable: the ring holds all the messages there are (lnet_params_messages()) */
	int rc = channel_send(cpt->lnet->env.channel, cpt->index, to, type, msg);

	CHECK(rc == 0);
}

void
handover_msg(struct lnet_cpt *cpt, unsigned int to, struct lnet_msg *msg)
{
	msg->state->state = MSG_MOVING;
	pass(cpt, to, CHANNEL_MSG, msg);
}

static void
at_home(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	switch (msg->state->kind) {
	case MSG_FORWARD:
		forward_done(cpt, msg, now);
		break;
	case MSG_OWN:
		op_sent(cpt, msg, now);
		msg_free(cpt, msg);
		break;
	case MSG_LOCAL:
		msg_free(cpt, msg);
		break;
	}
}

void
handover_home(struct lnet_cpt *cpt, struct lnet_msg *msg, uint64_t now)
{
	if (msg->state->home == cpt->index) {
		at_home(cpt, msg, now);
		return;
	}
	msg->state->state = MSG_RETURNING;
	pass(cpt, msg->state->home, CHANNEL_DONE, msg);
}

void
lnet_channel_msg(void *ctx, void **objs, unsigned int n, uint64_t now)
{
	struct lnet_cpt *cpt = ctx;
	struct lnet_msg *msg;
	unsigned int i;

	for (i = 0; i < n; i++) {
		msg = objs[i];
		msg_expect(msg, MSG_MOVING);
		if (msg->state->kind == MSG_LOCAL)
			local_deliver(cpt, msg, now);
		else
			send_here(cpt, msg, now);
	}
}

void
lnet_channel_done(void *ctx, void **objs, unsigned int n, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		msg_expect(objs[i], MSG_RETURNING);
		at_home(ctx, objs[i], now);
	}
}
