/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of peers: show, list. Each pair of interface and NID is an item. A page is copied on the worker that owns the peers,
 * a few at a time, and written here. Control spec 4.3.
 */
#include "lnet/lnet_tel.h"
#include "lnet/ping_info.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16 /* peers copied in one call */
#define SLOTS_LOOKED 256 /* slots of the table looked at in one call */

/* Bits of "peer state" (spec 8.4). */
#define STATE_NO_DISCOVERY (1u << 1)
#define STATE_ROUTER (1u << 2)

struct peer_copy {
	unsigned int slot;
	struct lnet_nid nid;
	bool is_up, has_info;
	uint32_t features;
	unsigned int refs;
	int tx_max, tx_credits, tx_min, rtr_credits, rtr_min;
	uint64_t tx_q_bytes;
	struct traffic traffic;
};

struct batch {
	unsigned int slot; /* where to go on */
	unsigned int n;
	bool at_end;
	const struct lnet_nid *nid; /* NULL = any */
	struct peer_copy copies[BATCH];
};

static void
copy(struct peer_copy *c, const struct peer *p, unsigned int slot)
{
	*c = (struct peer_copy){
		.slot = slot,
		.nid = p->nid,
		.is_up = p->is_up && !stall_is_stopped(&p->stall),
		.has_info = p->has_info,
		.features = p->features,
		.refs = p->refs + 1,
		.tx_max = p->tx_max,
		.tx_credits = p->tx_credits,
		.tx_min = p->tx_min,
		.rtr_credits = p->rtr_credits,
		.rtr_min = p->rtr_min,
		.tx_q_bytes = p->tx_q_bytes,
		.traffic = p->traffic,
	};
}

static int
copy_here(struct lnet_cpt *cpt, void *arg, uint64_t)
{
	struct batch *b = arg;
	unsigned int looked;
	struct peer *p;

	b->n = 0;
	for (looked = 0; looked < SLOTS_LOOKED && b->n < BATCH; looked++) {
		if (b->slot == cpt->peers.size)
			break;
		p = peer_slot(&cpt->peers, b->slot);
		if (p != NULL && (b->nid == NULL || lnet_nid_equal(b->nid, &p->nid)))
			copy(&b->copies[b->n++], p, b->slot);
		b->slot++;
	}
	b->at_end = b->slot == cpt->peers.size;
	return 0;
}

static void
show_credits(struct tel_out *o, const struct peer_copy *c)
{
	tel_int(o, "max_ni_tx_credits", c->tx_max);
	tel_int(o, "available_tx_credits", c->tx_credits);
	tel_int(o, "min_tx_credits", c->tx_min);
	tel_u64(o, "tx_q_num_of_buf", c->tx_q_bytes);
	tel_int(o, "available_rtr_credits", c->rtr_credits);
	tel_int(o, "min_rtr_credits", c->rtr_min);
	tel_int(o, "refcount", c->refs);
}

static void
show_health(struct tel_out *o, const struct peer_copy *c)
{
	const uint64_t *h = c->traffic.health;

	tel_begin(o, "health_stats");
	tel_int(o, "health_value", 1000);
	tel_u64(o, "dropped", h[LNET_HEALTH_REMOTE_DROPPED]);
	tel_u64(o, "timeout", h[LNET_HEALTH_REMOTE_TIMEOUT]);
	tel_u64(o, "error", h[LNET_HEALTH_REMOTE_ERROR]);
	tel_u64(o, "network_timeout", h[LNET_HEALTH_NETWORK_TIMEOUT]);
	tel_int(o, "ping_count", 0);
	tel_int(o, "next_ping", 0);
	tel_end(o);
}

/* "NA" where nobody looks: no routing, and no gateway (control spec 4.3). */
static const char *
state_text(const struct lnet_conf *conf, const struct peer_copy *c)
{
	const struct gateway *gw = gateway_find(conf, &c->nid);

	if (gw != NULL && !atomic_load_explicit(&gw->is_alive, memory_order_relaxed))
		return "down";
	if (gw == NULL && conf->routing == ROUTING_DISABLED)
		return "NA";
	return c->is_up ? "up" : "down";
}

static unsigned int
state_bits(const struct peer_copy *c)
{
	unsigned int bits = 0;

	if (!c->has_info)
		return 0;
	if ((c->features & PING_FEAT_DISCOVERY) == 0)
		bits |= STATE_NO_DISCOVERY;
	if ((c->features & PING_FEAT_RTE_DISABLED) == 0)
		bits |= STATE_ROUTER;
	return bits;
}

static void
show_peer(struct tel_out *o, const struct lnet_conf *conf, const struct peer_copy *c, int level)
{
	char nid[LNET_NID_STR_MAX];

	lnet_nid_format(&c->nid, nid);
	tel_str(o, "primary_nid", nid);
	/* without discovery nobody is known to be (8.4) */
	tel_str(o, "Multi_Rail", "false");
	if (level >= 3)
		tel_int(o, "peer_state", state_bits(c));
	tel_begin(o, "peer_ni");
	tel_begin_item(o, 0);
	tel_str(o, "nid", nid);
	if (level >= 4)
		tel_udsp(o);
	tel_str(o, "state", state_text(conf, c));
	if (level >= 1) {
		show_credits(o, c);
		tel_statistics(o, &c->traffic);
	}
	if (level >= 2) {
		tel_by_type(o, &c->traffic);
		show_health(o, c);
	}
	tel_end(o);
	tel_end(o);
}

struct walk {
	struct lnet *l;
	struct tel_out *o;
	const struct lnet_nid *nid; /* NULL = any */
	void (*show)(struct tel_out *o, const struct lnet_conf *conf, const struct peer_copy *c,
		     int level);
	int level;
	unsigned int count, next;
};

/* Write what is in the batch. Return: false: the page is full, and @w->next is the slot to go on with. */
static bool
write_batch(struct walk *w, const struct lnet_conf *conf, const struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		if (tel_size(w->o) >= TEL_PAGE) {
			w->next = b->copies[i].slot;
			return false;
		}
		tel_begin_item(w->o, w->count++);
		w->show(w->o, conf, &b->copies[i], w->level);
		tel_end(w->o);
	}
	return true;
}

/* Positions of pages: CPT by CPT, slot by slot; 0 is the beginning, and the end. */
static int
walk(struct walk *w, unsigned int from)
{
	const struct lnet_conf *conf = snapshot_read(&w->l->conf);
	unsigned int size = (unsigned int)w->l->params.max_peers, cpt = from / size;
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return -ENOMEM;
	b->nid = w->nid;
	b->slot = from % size;
	while (cpt < w->l->n_cpts) {
		cpt_call(w->l->cpts[cpt], copy_here, b);
		if (!write_batch(w, conf, b)) {
			w->next += cpt * size;
			break;
		}
		if (b->at_end) {
			cpt++;
			b->slot = 0;
		}
	}
	free(b);
	return 0;
}

static int
list(struct walk *w, struct kv *params, struct tel_req *req)
{
	int rc;

	if (w->l->state != LNET_UP)
		return tel_fail(req, -ENETDOWN, "Network is down");
	tel_begin(w->o, "data");
	rc = walk(w, tel_offset(params));
	tel_list_end(w->o, w->count, w->next);
	return rc;
}

static int
peer_show(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct walk w = {
		.l = owner, .o = tel_out(req), .show = show_peer, .level = tel_level(params)};
	struct lnet_nid nid;
	int rc = tel_get_nid(params, "nid", &nid);

	if (rc < 0)
		return tel_fail(req, -EINVAL, "unsupported primary NID");
	if (rc > 0)
		w.nid = &nid;
	rc = list(&w, params, req);
	if (rc == 0 && w.nid != NULL && w.count == 0)
		return tel_fail(req, -ENOENT, "cannot find peer");
	return rc;
}

static void
show_nid(struct tel_out *o, const struct lnet_conf *, const struct peer_copy *c, int)
{
	char nid[LNET_NID_STR_MAX];

	tel_str(o, "nid", lnet_nid_format(&c->nid, nid));
}

static int
peer_list(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct walk w = {.l = owner, .o = tel_out(req), .show = show_nid};

	return list(&w, params, req);
}

const struct tel_cmd peer_tel_cmds[] = {
	{"/lnet/peer/show", peer_show,
	 "[nid=][;v=0..4][;off=]: peers, an item for each interface they use"},
	{"/lnet/peer/list", peer_list, "[off=]: NIDs of peers"},
};
const unsigned int peer_tel_n_cmds = sizeof(peer_tel_cmds) / sizeof(peer_tel_cmds[0]);
