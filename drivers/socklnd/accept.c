/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The acceptor (3): listeners and connection requests. Requests are served in parallel, each with one limit of time for
 * the whole handshake, as many at once as accept_backlog says, shared fairly among sources. Runs on the worker at which the peer's packets arrive.
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/bytes.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* --- listeners --- */

static int on_accept(struct tcp_conn *tc, void *user, uint64_t now);

static struct socklnd_listener *
find_listener(struct socklnd_cpt *sc, const struct ipaddr *addr, uint16_t port)
{
	struct socklnd_listener *l;

	TAILQ_FOREACH(l, &sc->listeners, link)
		if (l->port == port && ipaddr_equal(&l->addr, addr))
			return l;
	return NULL;
}

static int
listen_at(struct socklnd_cpt *sc, const struct ipaddr *addr, uint16_t port)
{
	struct socklnd_listener *l = find_listener(sc, addr, port);
	int rc;

	if (l != NULL) {
		l->users++;
		return 0;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return -ENOMEM;
	*l = (struct socklnd_listener){.sc = sc, .addr = *addr, .port = port, .users = 1};
	rc = tcp_listen(sc->tcp, addr, port, (unsigned int)sc->s->cfg.accept_backlog, on_accept, l,
			&l->tcp);
	if (rc < 0) {
		free(l);
		return rc;
	}
	TAILQ_INSERT_TAIL(&sc->listeners, l, link);
	return 0;
}

static void
unlisten_at(struct socklnd_cpt *sc, const struct ipaddr *addr, uint16_t port, uint64_t now)
{
	struct socklnd_listener *l = find_listener(sc, addr, port);

	if (l == NULL || --l->users > 0)
		return;
	tcp_unlisten(l->tcp, now);
	TAILQ_REMOVE(&sc->listeners, l, link);
	free(l);
}

int
socklnd_listen(struct socklnd_ni_cpt *nc, uint64_t now)
{
	const struct socklnd_config *cfg = &nc->sc->s->cfg;
	int rc;

	/* accept=none: a refusal tells the peer at once what the reference's silence tells it after 50 s (3.4) */
	if (cfg->accept == SOCKLND_ACCEPT_NONE)
		return 0;
	rc = listen_at(nc->sc, &nc->sni->local, (uint16_t)cfg->accept_port);
	if (rc < 0 || cfg->accept_port_bulk == cfg->accept_port)
		return rc;
	rc = listen_at(nc->sc, &nc->sni->local, (uint16_t)cfg->accept_port_bulk);
	if (rc < 0)
		unlisten_at(nc->sc, &nc->sni->local, (uint16_t)cfg->accept_port, now);
	return rc;
}

void
socklnd_unlisten(struct socklnd_ni_cpt *nc, uint64_t now)
{
	const struct socklnd_config *cfg = &nc->sc->s->cfg;

	if (cfg->accept == SOCKLND_ACCEPT_NONE)
		return;
	unlisten_at(nc->sc, &nc->sni->local, (uint16_t)cfg->accept_port, now);
	if (cfg->accept_port_bulk != cfg->accept_port)
		unlisten_at(nc->sc, &nc->sni->local, (uint16_t)cfg->accept_port_bulk, now);
}

/* A peer in user space takes its NID from its IPv4 address; there is no rule for IPv6 (4.6). */
static bool
port_is_allowed(struct socklnd_cpt *sc, const struct ip_flow *flow, uint64_t now)
{
	char addr[IPADDR_STR_MAX];

	if (flow->remote_port <= SOCKLND_PORT_RESERVED_MAX)
		return true;
	ipaddr_format(&flow->remote, addr);
	if (sc->s->cfg.accept != SOCKLND_ACCEPT_ALL) {
		socklnd_complain(sc, SOCKLND_REQ_INSECURE, now, "refusing %s: insecure port %u",
				 addr, flow->remote_port);
		return false;
	}
	if (flow->remote.family == IP_V4)
		return true;
	socklnd_complain(sc, SOCKLND_REQ_INSECURE_V6, now,
			 "refusing %s: a peer from port %u needs an IPv4 address", addr,
			 flow->remote_port);
	return false;
}

/* A place among the unfinished handshakes, perhaps that of a source which has too many. */
static bool
find_place(struct socklnd_cpt *sc, uint16_t class, uint64_t now)
{
	struct fair_link *victim;

	if (!fair_admits(&sc->handshakes, (unsigned int)sc->s->cfg.accept_backlog, class,
			 &victim)) {
		socklnd_count(sc, SOCKLND_REQ_BUSY);
		return false;
	}
	if (victim != NULL) {
		socklnd_count(sc, SOCKLND_HELLO_DISPLACED);
		socklnd_conn_displace(
			(struct socklnd_conn *)((char *)victim -
						offsetof(struct socklnd_conn, handshake)),
			now);
	}
	return true;
}

static int
on_accept(struct tcp_conn *tc, void *user, uint64_t now)
{
	struct socklnd_listener *l = user;
	struct socklnd_cpt *sc = l->sc;
	const struct ip_flow *flow = tcp_flow(tc);
	uint16_t class = tcp_fair_class(sc->tcp, flow);
	struct socklnd_conn *c;

	if (!port_is_allowed(sc, flow, now))
		return -EACCES;
	if (!find_place(sc, class, now))
		return -EBUSY;
	c = socklnd_conn_new(sc, CONN_REQUEST);
	if (c == NULL) {
		socklnd_count(sc, SOCKLND_REQ_NO_MEMORY);
		return -ENOMEM;
	}
	c->tcp = tc;
	c->flow = *flow;
	c->user = flow->remote_port > SOCKLND_PORT_RESERVED_MAX;
	c->need = sizeof(uint32_t);
	fair_add(&sc->handshakes, &c->handshake, class);
	tcp_set_user(tc, &socklnd_tcp_ops, c);
	timer_arm(&sc->lc->wheel, &c->timer,
		  now + (uint64_t)sc->s->cfg.accept_timeout_s * NS_PER_SEC);
	return 0;
}

/* --- connection requests --- */

static void
answer_old_version(struct socklnd_conn *c, uint64_t now)
{
	uint8_t answer[SOCKLND_CONNREQ_V1_SIZE];
	char addr[IPADDR_STR_MAX];
	struct buf b;

	socklnd_complain(c->sc, SOCKLND_REQ_OLD_VERSION, now,
			 "%s: connection request of an unknown version",
			 ipaddr_format(&c->flow.remote, addr));
	socklnd_old_version_encode(answer);
	buf_init(&b);
	/* unread bytes would make the close a reset, which may overtake the answer */
	tcp_rx_discard(c->tcp, UINT32_MAX, now);
	if (buf_copy_in(&b, c->sc->mem, answer, sizeof(answer)) < 0 ||
	    tcp_send(c->tcp, &b, false, now) < 0)
		buf_release(&b, c->sc->mem);
	socklnd_conn_end(c, now);
}

static void
check_magic(struct socklnd_conn *c, uint64_t now)
{
	uint32_t le = get_le32(c->head), be = get_be32(c->head);
	char addr[IPADDR_STR_MAX];

	if (le == SOCKLND_ACCEPTOR_MAGIC || be == SOCKLND_ACCEPTOR_MAGIC) {
		c->swap = le != SOCKLND_ACCEPTOR_MAGIC;
		c->need += sizeof(uint32_t);
		return;
	}
	if (le == SOCKLND_HELLO_MAGIC || be == SOCKLND_HELLO_MAGIC) {
		answer_old_version(c, now);
		return;
	}
	ipaddr_format(&c->flow.remote, addr);
	if (le == SOCKLND_HELLO_MAGIC_V1 || be == SOCKLND_HELLO_MAGIC_V1)
		socklnd_complain(c->sc, SOCKLND_REQ_OLD_SOCKNAL, now, "refusing %s: old socknal",
				 addr);
	else
		socklnd_complain(c->sc, SOCKLND_REQ_BAD_MAGIC, now, "refusing %s: magic %08x", addr,
				 le);
	socklnd_conn_end(c, now);
}

static void
check_version(struct socklnd_conn *c, uint64_t now)
{
	const uint8_t *p = c->head + 4;
	uint32_t version = c->swap ? get_be32(p) : get_le32(p);

	if (version == 1)
		c->need = SOCKLND_CONNREQ_V1_SIZE;
	else if (version == 2)
		c->need = SOCKLND_CONNREQ_V2_SIZE;
	else
		answer_old_version(c, now);
}

/* The NI is the one that the request names, wherever the connection arrived; its NID must be equal to the byte. */
static void
find_ni(struct socklnd_conn *c, uint64_t now)
{
	const uint8_t *p = c->head + 8;
	char addr[IPADDR_STR_MAX], text[LNET_NID_STR_MAX];
	struct socklnd_ni_cpt *nc;
	struct lnet_nid nid;

	if (c->need == SOCKLND_CONNREQ_V1_SIZE)
		nid = lnet_nid_from4(c->swap ? get_be64(p) : get_le64(p));
	else
		memcpy(&nid, p, sizeof(nid));
	TAILQ_FOREACH(nc, &c->sc->nis, link)
		if (!nc->stopping && lnet_nid_equal(&nid, &nc->ni->nid))
			break;
	if (nc == NULL) {
		socklnd_complain(c->sc, SOCKLND_REQ_NO_NI, now,
				 "refusing %s: no interface has NID %s",
				 ipaddr_format(&c->flow.remote, addr), lnet_nid_format(&nid, text));
		socklnd_conn_end(c, now);
		return;
	}
	socklnd_conn_set_ni(c, nc);
	c->swap = false;
	c->have = 0;
	c->need = 8; /* magic and version of HELLO */
	c->state = CONN_HELLO;
}

void
socklnd_accept_readable(struct socklnd_conn *c, uint64_t now)
{
	while (c->state == CONN_REQUEST && socklnd_conn_fill(c, now)) {
		if (c->need == 4)
			check_magic(c, now);
		else if (c->need == 8)
			check_version(c, now);
		else
			find_ni(c, now);
	}
	if (c->state == CONN_HELLO) {
		socklnd_hello_readable(c, now);
	} else if (c->state == CONN_REQUEST && tcp_rx_eof(c->tcp)) {
		socklnd_count(c->sc, SOCKLND_HELLO_EOF);
		socklnd_conn_end(c, now);
	}
}
