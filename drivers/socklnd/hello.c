/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HELLO of both sides (4, 5.3, 5.4): who is it, in which version, and may the connection join the others of the peer?
 */
#include "drivers/socklnd/priv.h"
#include "lnet/base/bytes.h"

#include <errno.h>
#include <string.h>

/* Queue the bytes of a handshake. Return: 0, -errno. */
static int
say(struct socklnd_conn *c, const uint8_t *bytes, unsigned int len, uint64_t now)
{
	struct buf b;
	int rc;

	buf_init(&b);
	rc = buf_copy_in(&b, c->sc->mem, bytes, len);
	if (rc == 0)
		rc = tcp_send(c->tcp, &b, false, now);
	buf_release(&b, c->sc->mem);
	return rc;
}

/* What every HELLO of ours says about us. */
static struct socklnd_hello
our_hello(const struct socklnd_conn *c, unsigned int version)
{
	return (struct socklnd_hello){
		.version = version,
		.src = c->nc->ni->nid,
		.src_pid = LNET_PID,
		.src_incarnation = c->nc->ni->incarnation,
	};
}

/* @to: the HELLO that is answered; its destination pid and incarnation are repeated (4.1). */
static int
reply(struct socklnd_conn *c, const struct socklnd_hello *to, unsigned int version,
      enum socklnd_type type, uint64_t now)
{
	uint8_t out[SOCKLND_HELLO_MAX];
	struct socklnd_hello h = our_hello(c, version);

	h.dst = to->src;
	h.dst_pid = to->dst_pid;
	h.dst_incarnation = to->dst_incarnation;
	h.type = type;
	return say(c, out, socklnd_hello_encode(&h, out), now);
}

/* "Try again": type NONE, then close. Unread bytes would turn the close into a reset. */
static void
refuse(struct socklnd_conn *c, const struct socklnd_hello *to, unsigned int version, uint64_t now)
{
	tcp_rx_discard(c->tcp, UINT32_MAX, now);
	reply(c, to, version, SOCKLND_NONE, now);
	socklnd_conn_end(c, now);
}

static unsigned int
default_version(const struct lnet_nid *own, const struct lnet_nid *other)
{
	return lnet_nid_is_nid4(own) && lnet_nid_is_nid4(other) ? 3 : 4;
}

/* --- passive --- */

static void
end_bad(struct socklnd_conn *c, enum socklnd_counter why, const char *text, uint64_t now)
{
	char addr[IPADDR_STR_MAX];

	socklnd_complain(c->sc, why, now, "%s: HELLO with %s", ipaddr_format(&c->flow.remote, addr),
			 text);
	socklnd_conn_end(c, now);
}

/* Known magic, unknown version: tell which version we speak, with our own NID twice (4.4). */
static void
answer_version(struct socklnd_conn *c, uint64_t now)
{
	const struct lnet_nid *own = &c->nc->ni->nid;
	struct socklnd_hello to = {.src = *own};
	char addr[IPADDR_STR_MAX];

	socklnd_complain(c->sc, SOCKLND_HELLO_BAD_VERSION, now, "%s: HELLO of an unknown version",
			 ipaddr_format(&c->flow.remote, addr));
	refuse(c, &to, default_version(own, own), now);
}

/* NID and pid of the peer, and whether it may be one. */
static bool
identify(struct socklnd_conn *c, const struct socklnd_hello *h, struct lnet_nid *nid, uint32_t *pid,
	 uint64_t now)
{
	struct ipaddr addr;

	*nid = h->src;
	*pid = h->src_pid;
	if (c->user) {
		*nid = lnet_nid_from_ip(c->nc->ni->net, &c->flow.remote);
		*pid = c->flow.remote_port | SOCKLND_PID_USER;
	}
	if (lnet_nid_is_any(nid) || lnet_nid_to_ip(nid, &addr) < 0 ||
	    lnet_nid_equal(nid, &c->nc->ni->nid)) {
		end_bad(c, SOCKLND_HELLO_BAD_NID, "a source NID that cannot be a peer", now);
		return false;
	}
	if (socklnd_home(c->nc->ni, nid) != c->sc->index) {
		end_bad(c, SOCKLND_REQ_NOT_HOME, "a NID whose address belongs to another worker",
			now);
		return false;
	}
	return true;
}

/* 5.4, step 5: has the peer restarted, or changed its version? Then what we have of it is stale. */
static bool
is_stale(const struct socklnd_peer *p, const struct socklnd_hello *h)
{
	return p->n_conns > 0 && (p->version != h->version || p->incarnation != h->src_incarnation);
}

static void
forget_stale(struct socklnd_conn *c, struct socklnd_peer *p, uint64_t now)
{
	socklnd_count(c->sc, SOCKLND_HELLO_STALE);
	socklnd_conns_close(p, NULL, 0, now);
	p->version = 0;
}

static bool
is_duplicate(const struct socklnd_conn *c, const struct socklnd_peer *p, enum socklnd_type type)
{
	int n = p->dial.exists ? p->dial.n : c->nc->ni->tun.conns_per_peer;

	return !ipaddr_equal(&c->flow.local, &c->flow.remote) &&
		socklnd_peer_count(p, type, &c->flow.local, &c->flow.remote) >= (unsigned int)n;
}

/* The decisions of 5.4 in their order. */
static void
decide(struct socklnd_conn *c, struct socklnd_peer *p, const struct socklnd_hello *h, uint64_t now)
{
	enum socklnd_type type = socklnd_type_invert((enum socklnd_type)h->type);

	if (p->dial.state == DIAL_CONNECTING &&
	    memcmp(&p->nid, &c->nc->ni->nid, sizeof(p->nid)) < 0) {
		socklnd_count(c->sc, SOCKLND_HELLO_RACE);
		refuse(c, h, h->version, now);
		return;
	}
	if (is_stale(p, h)) {
		forget_stale(c, p, now);
		refuse(c, h, h->version, now);
		return;
	}
	if (is_duplicate(c, p, type)) {
		socklnd_count(c->sc, SOCKLND_HELLO_DUPLICATE);
		refuse(c, h, h->version, now);
		return;
	}
	/* the reply goes first, then what waits for the connection */
	if (reply(c, h, h->version, type, now) < 0) {
		socklnd_count(c->sc, SOCKLND_NO_MEMORY);
		socklnd_conn_end(c, now);
		return;
	}
	p->version = h->version;
	p->incarnation = h->src_incarnation;
	c->peer = p;
	c->type = type;
	c->swap = h->swap;
	socklnd_conn_run(c, now);
	socklnd_peer_drain(p, now);
	socklnd_rx_run(c, now);
}

static void
passive(struct socklnd_conn *c, const struct socklnd_hello *h, uint64_t now)
{
	struct socklnd_peer *p;
	struct lnet_nid nid;
	uint32_t pid;

	if (lnet_nid_is_any(&h->src)) {
		end_bad(c, SOCKLND_HELLO_BAD_NID, "a source NID that cannot be a peer", now);
		return;
	}
	if (h->type < SOCKLND_ANY || h->type > SOCKLND_BULK_OUT) {
		end_bad(c, SOCKLND_HELLO_BAD_TYPE, "a bad connection type", now);
		return;
	}
	if (!identify(c, h, &nid, &pid, now))
		return;
	if (!c->proto->large_nids && !lnet_nid_is_nid4(&c->nc->ni->nid)) {
		/* a dialler that knows V4 comes back with it (4.5) */
		socklnd_count(c->sc, SOCKLND_HELLO_UPGRADED);
		refuse(c, h, 4, now);
		return;
	}
	p = socklnd_peer_get(c->nc, &nid, pid, now);
	if (p == NULL) {
		socklnd_count(c->sc, SOCKLND_HELLO_NO_PEER);
		socklnd_conn_end(c, now);
		return;
	}
	socklnd_peer_hold(p);
	decide(c, p, h, now);
	socklnd_peer_release(p, now);
}

/* --- active --- */

void
socklnd_hello_dial(struct socklnd_conn *c, uint64_t now)
{
	uint8_t out[SOCKLND_CONNREQ_V2_SIZE + SOCKLND_HELLO_MAX];
	struct socklnd_hello h = our_hello(c, c->proto->version);
	unsigned int len = socklnd_connreq_encode(&c->peer->nid, out);
	int rc;

	h.dst = c->peer->nid;
	h.type = c->type;
	len += socklnd_hello_encode(&h, out + len);
	rc = say(c, out, len, now);
	if (rc < 0) {
		socklnd_dial_failed(c->peer, rc, now);
		return;
	}
	c->have = 0;
	c->need = 8;
	c->state = CONN_REPLY;
}

static void
dial_protocol_error(struct socklnd_conn *c, enum socklnd_counter why, const char *text,
		    uint64_t now)
{
	char nid[LNET_NID_STR_MAX];

	socklnd_complain(c->sc, why, now, "%s: reply to our HELLO with %s",
			 lnet_nid_format(&c->peer->nid, nid), text);
	socklnd_dial_failed(c->peer, -EPROTO, now);
}

/* NONE: try again, perhaps in another version (4.5). */
static void
dial_refused(struct socklnd_conn *c, const struct socklnd_hello *h, uint64_t now)
{
	struct socklnd_peer *p = c->peer;

	if (h->version == c->proto->version) {
		socklnd_dial_retry(p, RETRY_LATER, c->type, now);
		return;
	}
	socklnd_count(c->sc, SOCKLND_DIAL_DOWNGRADES);
	p->version = h->version;
	socklnd_dial_retry(p, RETRY_NOW, c->type, now);
}

static void
active(struct socklnd_conn *c, const struct socklnd_hello *h, uint64_t now)
{
	struct socklnd_peer *p = c->peer;
	const struct socklnd_proto *proto = socklnd_proto(h->version);

	if (!lnet_nid_equal(&h->src, &p->nid) || h->src_pid != p->pid) {
		dial_protocol_error(c, SOCKLND_HELLO_WRONG_PEER, "another NID or pid", now);
		return;
	}
	if (!proto->large_nids && default_version(&c->nc->ni->nid, &p->nid) == 4) {
		dial_protocol_error(c, SOCKLND_HELLO_BAD_VERSION, "a version without large NIDs",
				    now);
		return;
	}
	if (h->type == SOCKLND_NONE) {
		dial_refused(c, h, now);
		return;
	}
	if (h->type < SOCKLND_ANY || h->type > SOCKLND_BULK_OUT ||
	    socklnd_type_invert((enum socklnd_type)h->type) != c->type) {
		dial_protocol_error(c, SOCKLND_HELLO_BAD_TYPE, "a type that does not fit ours",
				    now);
		return;
	}
	if (is_stale(p, h)) {
		forget_stale(c, p, now);
		/* LNet may have given the peer up in the meantime */
		if (c->state == CONN_REPLY)
			socklnd_dial_retry(p, RETRY_NOW, c->type, now);
		return;
	}
	/* one too many of a type stays: closing it would make the peer close all (T1) */
	p->version = h->version;
	p->incarnation = h->src_incarnation;
	c->proto = proto;
	c->swap = h->swap;
	p->dial.conn = NULL;
	socklnd_peer_hold(p);
	socklnd_conn_run(c, now);
	socklnd_peer_drain(p, now);
	socklnd_rx_run(c, now);
	socklnd_dial_succeeded(p, now);
	socklnd_peer_release(p, now);
}

/* --- both: reading it in pieces, whatever the segmentation --- */

/* First 8 bytes. */
static void
check_head(struct socklnd_conn *c, uint64_t now)
{
	unsigned int version;
	bool swap;
	int rc = socklnd_hello_peek(c->head, &version, &swap);

	c->swap = swap;
	if (rc == 0) {
		/* a dialler keeps what it proposed: the reply may differ from it */
		if (!c->active)
			c->proto = socklnd_proto(version);
		c->need = socklnd_proto(version)->hello_size;
	} else if (c->active && rc == -EPROTONOSUPPORT) {
		dial_protocol_error(c, SOCKLND_HELLO_BAD_VERSION, "an unknown version", now);
	} else if (c->active) {
		dial_protocol_error(c, SOCKLND_HELLO_BAD_MAGIC, "an unknown magic", now);
	} else if (rc == -EPROTONOSUPPORT) {
		answer_version(c, now);
	} else {
		end_bad(c, SOCKLND_HELLO_BAD_MAGIC, "an unknown magic", now);
	}
}

static bool
ips_are_good(const struct socklnd_conn *c, unsigned int hello_size)
{
	unsigned int i;

	for (i = hello_size; i < c->have; i += 4)
		if (get_le32(c->head + i) == 0)
			return false;
	return true;
}

static void
check_body(struct socklnd_conn *c, uint64_t now)
{
	struct socklnd_hello h;
	unsigned int version, size;
	bool swap;

	socklnd_hello_peek(c->head, &version, &swap);
	size = socklnd_proto(version)->hello_size;
	socklnd_hello_decode(c->head, version, swap, &h);
	if (c->have == size && h.n_ips > 0 && h.n_ips <= SOCKLND_HELLO_IPS_MAX) {
		c->need = size + 4 * h.n_ips;
		return;
	}
	if (h.n_ips > SOCKLND_HELLO_IPS_MAX || !ips_are_good(c, size)) {
		if (c->active)
			dial_protocol_error(c, SOCKLND_HELLO_BAD_IPS, "a bad address list", now);
		else
			end_bad(c, SOCKLND_HELLO_BAD_IPS, "a bad address list", now);
		return;
	}
	if (c->active)
		active(c, &h, now);
	else
		passive(c, &h, now);
}

void
socklnd_hello_readable(struct socklnd_conn *c, uint64_t now)
{
	enum socklnd_conn_state state = c->state; /* CONN_HELLO or CONN_REPLY */

	while (c->state == state && socklnd_conn_fill(c, now)) {
		if (c->need == 8)
			check_head(c, now);
		else
			check_body(c, now);
	}
	if (c->state != state || !tcp_rx_eof(c->tcp))
		return;
	if (c->active) {
		socklnd_dial_failed(c->peer, -ECONNRESET, now);
		return;
	}
	socklnd_count(c->sc, SOCKLND_HELLO_EOF);
	socklnd_conn_end(c, now);
}
