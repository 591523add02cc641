/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests to remove an interface are answered when it is gone. Control thread. */
#pragma once

struct lnet;

/* Answer the one that waits, if nothing is on its way out any more. */
void net_tel_poll(struct lnet *l);
