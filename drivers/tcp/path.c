/* SPDX-License-Identifier: BSD-3-Clause */
/* The path below a connection: segment size, and what ICMP says about it (RFC 1191, RFC 8201, RFC 5927). */
#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#include <errno.h>

#define IPV4_HDR 20
#define IPV6_HDR 40

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

uint16_t
tcp_path_limit(const struct tcp_conn *c)
{
	uint32_t peer = c->mss_peer + ip_hdr(c) + TCP_HDR_MIN;

	return c->mss_peer != 0 && peer < c->path.mtu ? (uint16_t)peer : c->path.mtu;
}

uint32_t
tcp_path_payload(const struct tcp_conn *c, uint16_t size)
{
	/* RFC 6691: the MSS option does not count options, segments have to */
	uint32_t headers = ip_hdr(c) + TCP_HDR_MIN + (c->ts_ok ? TCP_TS_LEN : 0);

	return size > TCP_MSS_MIN + headers ? size - headers : TCP_MSS_MIN;
}

void
tcp_path_mss(struct tcp_conn *c)
{
	uint16_t limit = tcp_path_limit(c);

	c->mss = tcp_path_payload(c, c->pmtud.mtu < limit ? c->pmtud.mtu : limit);
	if (c->cc.mss != 0 && c->cc.mss != c->mss)
		tcp_cc_set_mss(&c->cc, c->mss);
}

void
tcp_path_refresh(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_env *env = c->t->env;
	bool was_narrow = c->pmtud.mtu < c->path.mtu;
	struct tcp_path old = c->path;

	if (env->path(env->arg, &c->flow.local, &c->flow.remote, &c->path) < 0) {
		c->path = old;
		return;
	}
	if (c->path.iface == old.iface && c->path.mtu == old.mtu)
		return;
	/* what the path was found to take is not forgotten */
	if (c->path.iface != old.iface || !was_narrow)
		tcp_pmtud_init(c, now);
	else if (c->path.mtu < c->pmtud.mtu)
		c->pmtud.mtu = c->path.mtu;
	tcp_path_mss(c);
}

static void
too_big(struct tcp_conn *c, const struct ip_error_info *info, uint64_t now)
{
	struct tcp_txseg *s;

	if (!tcp_pmtud_too_big(c, info->seq, info->mtu, now)) {
		tcp_count(c->t, TCP_ICMP_STALE);
		return;
	}
	/* what was too big did not arrive, and its loss says nothing about congestion (RFC 8201 4) */
	TAILQ_FOREACH(s, &c->tx.segs, link) {
		if (s->len > c->mss && (s->flags & TXSEG_RETRANS) == 0)
			tcp_sb_mark_lost(&c->tx, s);
	}
	tcp_recovery_repeat(c, c->snd_nxt);
}

static void
soft_error(struct tcp_conn *c, const struct ip_error_info *info)
{
	/* RFC 1122 4.2.3.9, RFC 5927 5.2: no reason to give up, but the reason if we do */
	if (c->state == TCP_SYN_SENT && info->kind == IP_ERROR_REFUSED) {
		tcp_count(c->t, TCP_CONN_REFUSED);
		tcp_conn_end(c, -ECONNREFUSED);
		return;
	}
	/*
	 * Two transmissions of the SYN met the same fate: whoever dials has other ways to try, and a second is long enough for
	 * a route that is just coming up (RFC 5461 3 has the reasons against waiting out the timer).
	 */
	if (c->state == TCP_SYN_SENT && c->soft_err != 0 && c->backoff > 0) {
		tcp_count(c->t, TCP_CONN_UNREACHABLE);
		tcp_conn_end(c, c->soft_err);
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
		too_big(c, info, now);
	tcp_conns_tell(t, now);
}
