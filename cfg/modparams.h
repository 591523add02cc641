/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Texts of LNet's module parameters: `networks` and `routes`. Pure; the caller owns the
 * arrays. Facts: control spec 4.0, 7.2, 7.5. Every failure names the place in the text and what is allowed there.
 */
#pragma once

#include "lnet/lnet.h"

#define MODPARAMS_TEXT_MAX 4096 /* longest text of one parameter */

/*
 * "tcp0(p0),tcp1(p1)". Tunables are set to -1 (the LND's defaults).
 * @n_cpts	number of CPTs; a CPT list has to name all of them, since peers are spread over all workers
 * @nets	gets at most @max entries, loopback skipped, one per interface
 * Return: number of entries; -EINVAL, -E2BIG with the reason in @why.
 */
int modparams_networks(const char *text, unsigned int n_cpts, struct lnet_net_conf *nets,
		       unsigned int max, char *why, unsigned int why_size);

/*
 * "o2ib 2 192.0.2.[1-4]@tcp:1; tcp[1,3] 198.51.100.1@o2ib".
 * Return: number of routes; -EINVAL, -E2BIG with the reason in @why.
 */
int modparams_routes(const char *text, struct lnet_route_conf *routes, unsigned int max, char *why,
		     unsigned int why_size);
