/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dialling: which connection of a peer is made next, from which port, and what follows from its outcome (5.1, 5.2, 5.5,
 * 5.6). One dial run per peer at a time, one connection after the other.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/check.h"

#include <errno.h>
#include <string.h>

const struct ipaddr *
socklnd_local_addr(const struct socklnd_ni *sni, const struct ipaddr *remote)
{
	if (sni->local.family == remote->family)
		return &sni->local;
	return sni->other.family == remote->family ? &sni->other : NULL;
}

int
socklnd_dial_init(struct socklnd_peer *p)
{
	struct socklnd_dial *d = &p->dial;

	if (lnet_nid_to_ip(&p->nid, &d->addr) < 0 ||
	    socklnd_local_addr(p->nc->sni, &d->addr) == NULL)
		return -EAFNOSUPPORT;
	d->exists = true;
	d->n = p->nc->ni->tun.conns_per_peer;
	return 0;
}

/*
 * A type is done when it has its number, or when the peer refused more of it, and stays so until all of it is gone:
 * no top-up when one of several dies (5.1).
 */
static bool
is_missing(struct socklnd_peer *p, enum socklnd_type type, unsigned int have, unsigned int want)
{
	bool *full = &p->dial.full[type];

	if (have == 0)
		*full = false;
	else if (have >= want)
		*full = true;
	return !*full;
}

/* CONTROL, then BULK_IN and BULK_OUT in turn. Return: SOCKLND_NONE when the set is complete. */
static enum socklnd_type
next_type(struct socklnd_peer *p)
{
	const struct ipaddr *remote = &p->dial.addr;
	unsigned int n = (unsigned int)p->dial.n;
	unsigned int in = socklnd_peer_count(p, SOCKLND_BULK_IN, NULL, remote);
	unsigned int out = socklnd_peer_count(p, SOCKLND_BULK_OUT, NULL, remote);
	bool in_missing, out_missing;

	if (is_missing(p, SOCKLND_CONTROL, socklnd_peer_count(p, SOCKLND_CONTROL, NULL, remote), 1))
		return SOCKLND_CONTROL;
	in_missing = is_missing(p, SOCKLND_BULK_IN, in, n);
	out_missing = is_missing(p, SOCKLND_BULK_OUT, out, n);
	if (in_missing && (in <= out || !out_missing))
		return SOCKLND_BULK_IN;
	return out_missing ? SOCKLND_BULK_OUT : SOCKLND_NONE;
}

/* Our own listening ports make bad source ports: simultaneous open would be ambiguous (3.4). */
static bool
is_listening_port(const struct socklnd_config *cfg, unsigned int port)
{
	return port == 988 || port == (unsigned int)cfg->accept_port ||
		port == (unsigned int)cfg->accept_port_bulk;
}

/* Ports that exist already, or whose answers would arrive at another worker, are passed over. */
static int
connect_from_reserved_port(struct socklnd_conn *c, struct ip_flow *flow, uint64_t now)
{
	const struct socklnd_config *cfg = &c->sc->s->cfg;
	int tos = c->nc->ni->tun.tos;
	unsigned int port;
	int rc;

	for (port = SOCKLND_PORT_RESERVED_MAX; port >= SOCKLND_PORT_RESERVED_MIN; port--) {
		if (is_listening_port(cfg, port))
			continue;
		flow->local_port = (uint16_t)port;
		rc = tcp_connect(c->sc->tcp, flow, (uint8_t)(tos < 0 ? 0 : tos), &socklnd_tcp_ops,
				 c, now, &c->tcp);
		if (rc != -EADDRINUSE && rc != -EADDRNOTAVAIL)
			return rc;
	}
	return -EADDRINUSE;
}

unsigned int
socklnd_dial_version(const struct socklnd_peer *p)
{
	if (p->version != 0)
		return p->version;
	return lnet_nid_is_nid4(&p->nid) && lnet_nid_is_nid4(&p->nc->ni->nid) ? 3 : 4;
}

static void
attempt(struct socklnd_peer *p, enum socklnd_type type, uint64_t now)
{
	struct socklnd_cpt *sc = p->nc->sc;
	const struct socklnd_config *cfg = &sc->s->cfg;
	struct socklnd_dial *d = &p->dial;
	struct socklnd_conn *c;
	struct ip_flow flow;
	int rc;

	d->state = DIAL_CONNECTING;
	if (now >= d->run_deadline) {
		socklnd_dial_failed(p, -ETIMEDOUT, now);
		return;
	}
	c = socklnd_conn_new(sc, CONN_CONNECTING);
	if (c == NULL) {
		socklnd_dial_failed(p, -ENOMEM, now);
		return;
	}
	socklnd_conn_set_ni(c, p->nc);
	c->active = true;
	c->type = type;
	c->proto = socklnd_proto(socklnd_dial_version(p));
	memset(&flow, 0, sizeof(flow));
	flow.local = *socklnd_local_addr(p->nc->sni, &d->addr);
	flow.remote = d->addr;
	flow.remote_port =
		(uint16_t)(type == SOCKLND_CONTROL ? cfg->accept_port : cfg->accept_port_bulk);
	rc = connect_from_reserved_port(c, &flow, now);
	if (rc < 0) {
		socklnd_conn_free(c);
		socklnd_dial_failed(p, rc, now);
		return;
	}
	c->flow = flow;
	c->peer = p;
	d->conn = c;
	/* connect and HELLO together: 5.6; TCP's own limit may be shorter */
	timer_arm(&sc->lc->wheel, &c->timer, now + p->nc->sni->timeout);
	socklnd_count(sc, SOCKLND_DIAL_ATTEMPTS);
}

/* The run goes on with the next type, or is over. */
static void
go_on(struct socklnd_peer *p, uint64_t now)
{
	enum socklnd_type type = next_type(p);

	if (type == SOCKLND_NONE)
		p->dial.state = DIAL_IDLE;
	else
		attempt(p, type, now);
}

bool
socklnd_dial_kick(struct socklnd_peer *p, uint64_t now)
{
	struct socklnd_dial *d = &p->dial;

	if (!d->exists || p->unlinked)
		return false;
	if (d->state != DIAL_IDLE)
		return true;
	if (d->struck_out || now < d->next_try || p->nc->stopping)
		return false;
	if (p->n_conns == 0)
		d->n = p->nc->ni->tun.conns_per_peer;
	d->strikes = 0;
	d->run_deadline = now + p->nc->sni->timeout;
	go_on(p, now);
	return d->state != DIAL_IDLE;
}

void
socklnd_dial_resume(struct socklnd_peer *p, uint64_t now)
{
	if (p->dial.state == DIAL_SCHEDULED)
		go_on(p, now);
}

void
socklnd_dial_succeeded(struct socklnd_peer *p, uint64_t now)
{
	struct socklnd_dial *d = &p->dial;

	d->interval_s = 0;
	d->strikes = 0;
	/* a message that the connection carried may have ended the run in the meantime */
	if (d->state == DIAL_CONNECTING && d->conn == NULL)
		go_on(p, now);
}

/* The connection of the attempt, which nobody has seen yet, goes without consequences. */
static void
drop_attempt(struct socklnd_peer *p, uint64_t now)
{
	struct socklnd_conn *c = p->dial.conn;

	p->dial.conn = NULL;
	if (c != NULL)
		socklnd_conn_end(c, now);
}

static bool
set_is_usable(const struct socklnd_peer *p)
{
	return socklnd_peer_count(p, SOCKLND_CONTROL, NULL, NULL) > 0 &&
		socklnd_peer_count(p, SOCKLND_BULK_IN, NULL, NULL) > 0 &&
		socklnd_peer_count(p, SOCKLND_BULK_OUT, NULL, NULL) > 0;
}

void
socklnd_dial_retry(struct socklnd_peer *p, enum socklnd_retry how, enum socklnd_type type,
		   uint64_t now)
{
	struct socklnd_cpt *sc = p->nc->sc;
	struct socklnd_dial *d = &p->dial;

	drop_attempt(p, now);
	socklnd_count(sc, SOCKLND_DIAL_RETRIES);
	if (++d->strikes >= SOCKLND_STRIKES) {
		socklnd_count(sc, SOCKLND_DIAL_STRUCK_OUT);
		if (!set_is_usable(p)) {
			socklnd_dial_failed(p, -EALREADY, now);
			return;
		}
		d->struck_out = true;
		d->state = DIAL_IDLE;
		return;
	}
	if (how == RETRY_NOW) {
		go_on(p, now);
		return;
	}
	/* enough for the peer: its number of connections is smaller than ours (T2) */
	if (socklnd_peer_count(p, type, NULL, &d->addr) > 0)
		d->full[type] = true;
	d->state = DIAL_SCHEDULED;
	d->next_try = now + (uint64_t)(sc->s->cfg.min_reconnect_ms / 1000) * NS_PER_SEC;
	socklnd_peer_arm(p, d->next_try);
}

static void
back_off(struct socklnd_peer *p, uint64_t now)
{
	const struct socklnd_config *cfg = &p->nc->sc->s->cfg;
	struct socklnd_dial *d = &p->dial;
	unsigned int min = (unsigned int)cfg->min_reconnect_ms / 1000;
	unsigned int max = (unsigned int)cfg->max_reconnect_ms / 1000;

	d->interval_s *= 2;
	if (d->interval_s < min)
		d->interval_s = min;
	if (d->interval_s > max)
		d->interval_s = max;
	d->next_try = now + d->interval_s * NS_PER_SEC;
}

/* Charge the peer, not the local NI, unless it is our own fault (10.5, T19). */
static enum lnet_health
health_of(int err)
{
	switch (err) {
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -ENETDOWN:
		return LNET_HEALTH_REMOTE_DROPPED;
	case -ETIMEDOUT:
		return LNET_HEALTH_NETWORK_TIMEOUT;
	case -EPROTO:
	case -EALREADY:
		return LNET_HEALTH_REMOTE_ERROR;
	default:
		return LNET_HEALTH_LOCAL_ERROR;
	}
}

void
socklnd_dial_failed(struct socklnd_peer *p, int err, uint64_t now)
{
	char nid[LNET_NID_STR_MAX];

	socklnd_peer_hold(p);
	drop_attempt(p, now);
	p->dial.state = DIAL_IDLE;
	back_off(p, now);
	socklnd_complain(p->nc->sc, SOCKLND_DIAL_FAILED, now,
			 "cannot connect to %s: %s; next attempt in %u s",
			 lnet_nid_format(&p->nid, nid), strerror(-err), p->dial.interval_s);
	socklnd_peer_fail_waiting(p, err, health_of(err), now);
	socklnd_peer_notify(p, now);
	socklnd_peer_release(p, now);
}

void
socklnd_dial_cancel(struct socklnd_peer *p, uint64_t now)
{
	drop_attempt(p, now);
	p->dial.state = DIAL_IDLE;
}
