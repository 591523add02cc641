/* SPDX-License-Identifier: BSD-3-Clause */
/* The path below a connection: segment size, and what ICMP says about it (RFC 1191, RFC 8201, RFC 5927). */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

#define IPV4_HDR 20
#define IPV6_HDR 40
#define MTU_MIN_V4 552 /* a smaller report is not believed */
#define MTU_MIN_V6 1280 /* RFC 8200 5 */

static unsigned int
ip_hdr(const struct tcp_conn *c)
{
	return c->flow.remote.family == IP_V6 ? IPV6_HDR : IPV4_HDR;
}

uint16_t
tcp_path_mss_own(const struct tcp_conn *c)
{
	return (uint16_t)(c->path.mtu - ip_hdr(c) - TCP_HDR_MIN);
}

void
tcp_path_mss(struct tcp_conn *c)
{
	uint32_t mss = tcp_path_mss_own(c);
	uint32_t options = c->ts_ok ? TCP_TS_LEN : 0;

	/* RFC 6691: the option does not count options, segments have to */
	if (c->mss_peer != 0 && c->mss_peer < mss)
		mss = c->mss_peer;
	c->mss = mss > TCP_MSS_MIN + options ? mss - options : TCP_MSS_MIN;
	if (c->cc.mss != 0 && c->cc.mss != c->mss)
		tcp_cc_set_mss(&c->cc, c->mss);
}

void
tcp_path_refresh(struct tcp_conn *c)
{
	const struct tcp_env *env = c->t->env;
	struct tcp_path path;

	if (env->path(env->arg, &c->flow.local, &c->flow.remote, &path) < 0)
		return;
	/* what the path was found to take is not forgotten */
	if (path.iface == c->path.iface && c->path.mtu < path.mtu)
		path.mtu = c->path.mtu;
	c->path = path;
	tcp_path_mss(c);
}

/* RFC 1191 7: old routers do not tell; guess the next lower common size. */
static uint16_t
next_plateau(uint16_t mtu)
{
	static const uint16_t plateaus[] = {9000, 8166, 4352, 2002,	 1500,
					    1492, 1280, 1006, MTU_MIN_V4};
	unsigned int i;

	for (i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++) {
		if (plateaus[i] < mtu)
			return plateaus[i];
	}
	return MTU_MIN_V4;
}

static void
too_big(struct tcp_conn *c, uint16_t mtu)
{
	uint16_t min = c->flow.remote.family == IP_V6 ? MTU_MIN_V6 : MTU_MIN_V4;
	struct tcp_txseg *s;

	if (mtu == 0)
		mtu = next_plateau(c->path.mtu);
	if (mtu < min)
		mtu = min;
	if (mtu >= c->path.mtu) {
		tcp_count(c->t, TCP_ICMP_STALE);
		return;
	}
	tcp_count(c->t, TCP_PMTU);
	c->path.mtu = mtu;
	tcp_path_mss(c);
	/* what was too big did not arrive, and its loss says nothing about congestion (RFC 8201 4) */
	TAILQ_FOREACH(s, &c->tx.segs, link) {
		if (s->len > c->mss && (s->flags & TXSEG_RETRANS) == 0)
			tcp_sb_mark_lost(&c->tx, s);
	}
	if (c->recovery == TCP_OPEN) {
		c->recovery = TCP_FAST_RECOVERY;
		c->recover = c->snd_nxt;
	}
	c->rtx_at_once = true;
	tcp_conn_dirty(c);
}

static void
soft_error(struct tcp_conn *c, const struct ip_error_info *info)
{
	/* RFC 1122 4.2.3.9: no reason to give up, but the reason if we do */
	if (c->state == TCP_SYN_SENT && info->kind == IP_ERROR_REFUSED) {
		tcp_count(c->t, TCP_CONN_REFUSED);
		tcp_conn_end(c, -ECONNREFUSED);
		return;
	}
	c->soft_err = -EHOSTUNREACH;
}

void
tcp_icmp_error(struct tcp *t, const struct ip_error_info *info, uint64_t now)
{
	struct tcp_conn *c = tcp_conn_find(t, &info->flow);
	bool is_syn;

	/* RFC 5927 4.1: the quoted number must be in flight */
	if (c == NULL || c->state == TCP_TIME_WAIT || seq_lt(info->seq, c->snd_una) ||
	    seq_geq(info->seq, c->snd_nxt)) {
		tcp_count(t, TCP_ICMP_STALE);
		return;
	}
	is_syn = c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD;
	if (info->kind != IP_ERROR_TOO_BIG)
		soft_error(c, info);
	else if (!is_syn)
		too_big(c, info->mtu);
	tcp_conns_tell(t, now);
}
