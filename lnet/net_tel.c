/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands of networks and interfaces: add, del, show. Control spec 4.2. */
#include "lnet/net_tel.h"

#include "lnet/base/counter.h"
#include "lnet/lnet_tel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- show --- */

static void
show_interfaces(struct tel_out *o, const struct lnet_ni *ni)
{
	if (ni_is_lo(ni))
		return;
	tel_begin(o, "interfaces");
	tel_str(o, "0", ni->ifname);
	tel_end(o);
}

static void
show_health(struct tel_out *o, const struct lnet_ni *ni, const struct traffic *t)
{
	tel_begin(o, "health_stats");
	tel_int(o, "fatal_error", ni_is_fatal(ni));
	/* it is not evaluated: every interface that is there is used (only the fatal flag counts) */
	tel_int(o, "health_value", ni_is_lo(ni) ? 0 : 1000);
	tel_u64(o, "interrupts", t->health[LNET_HEALTH_LOCAL_INTERRUPT]);
	tel_u64(o, "dropped", t->health[LNET_HEALTH_LOCAL_DROPPED]);
	tel_u64(o, "aborted", t->health[LNET_HEALTH_LOCAL_ABORTED]);
	tel_u64(o, "no_route", t->health[LNET_HEALTH_LOCAL_NO_ROUTE]);
	tel_u64(o, "timeouts",
		t->health[LNET_HEALTH_LOCAL_TIMEOUT] + t->health[LNET_HEALTH_NETWORK_TIMEOUT]);
	tel_u64(o, "error", t->health[LNET_HEALTH_LOCAL_ERROR]);
	tel_int(o, "ping_count", 0);
	tel_int(o, "next_ping", 0);
	tel_end(o);
}

static void
show_tunables(struct tel_out *o, const struct lnet_ni *ni)
{
	tel_begin(o, "tunables");
	tel_int(o, "peer_timeout", ni->tun.peer_timeout);
	tel_int(o, "peer_credits", ni->tun.peer_credits);
	tel_int(o, "peer_buffer_credits", ni->tun.peer_buffer_credits);
	tel_int(o, "credits", ni->tun.credits);
	tel_end(o);
	if (ni->lnd->ops->show == NULL || ni_is_lo(ni))
		return;
	tel_begin(o, "lnd_tunables");
	ni->lnd->ops->show(ni, o);
	tel_end(o);
}

static void
show_cpts(struct tel_out *o, const struct lnet *l)
{
	char text[120] = "[";
	size_t len = 1;
	unsigned int i;

	for (i = 0; i < l->n_cpts && len < sizeof(text) - 5; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u", i > 0 ? "," : "",
					i);
	snprintf(text + len, sizeof(text) - len, "]");
	tel_int(o, "dev_cpt", -1);
	tel_str(o, "CPT", text);
}

static void
show_ni(struct tel_out *o, struct lnet *l, const struct lnet_ni *ni, int level)
{
	char nid[LNET_NID_STR_MAX];
	struct traffic t = {0};
	unsigned int i;

	for (i = 0; i < l->n_cpts; i++)
		traffic_merge(&t, &ni->state->cpts[i].traffic);
	tel_str(o, "nid", lnet_nid_format(&ni->nid, nid));
	tel_str(o, "status", ni_is_lo(ni) || ni_shows_up(ni) ? "up" : "down");
	show_interfaces(o, ni);
	if (level < 1)
		return;
	tel_statistics(o, &t);
	if (level >= 4)
		tel_udsp(o);
	if (level >= 2) {
		tel_by_type(o, &t);
		show_health(o, ni, &t);
	}
	show_tunables(o, ni);
	show_cpts(o, l);
}

/*
 * The NIs of one net from the @skip-th on, while the page has room.
 * Return: NIs shown; *full: there was no room for more.
 */
static unsigned int
show_net(struct tel_out *o, struct lnet *l, const struct lnet_conf *conf, const struct conf_net *cn,
	 unsigned int skip, int level, bool *full)
{
	char text[LNET_NET_STR_MAX];
	unsigned int i, n = 0;

	tel_str(o, "net_type", lnet_net_format(cn->net, text));
	tel_begin(o, "local_nis");
	for (i = skip; i < cn->n && !*full; i++) {
		tel_begin_item(o, n++);
		show_ni(o, l, conf->nis[cn->first + i], level);
		tel_end(o);
		*full = tel_size(o) >= TEL_PAGE;
	}
	tel_end(o);
	return n;
}

static int
check_filter(struct tel_req *req, const struct lnet_conf *conf, uint32_t net)
{
	if (net >> 16 == LNET_TYPE_LO)
		return tel_fail(req, -ENODEV, "setting @lo not allowed");
	if (conf_net(conf, net) == NULL)
		return tel_fail(req, -ESRCH, "Network is down");
	return 0;
}

static int
net_show(void *owner, struct kv *params, struct tel_req *req, uint64_t)
{
	struct lnet *l = owner;
	const struct lnet_conf *conf = snapshot_read(&l->conf);
	struct tel_out *o = tel_out(req);
	unsigned int i, off = tel_offset(params), done = 0, count = 0;
	uint32_t net = LNET_NET_ANY;
	bool full = false;
	int rc = tel_get_net(params, "net", &net);

	if (conf == NULL)
		return tel_fail(req, -ENETDOWN, "Network is down");
	if (rc < 0)
		return tel_fail(req, rc, "Object not found");
	rc = rc > 0 ? check_filter(req, conf, net) : 0;
	if (rc < 0)
		return rc;
	tel_begin(o, "data");
	for (i = 0; i < conf->n_nets && !full; i++) {
		const struct conf_net *cn = &conf->nets[i];
		unsigned int skip = off > done ? off - done : 0;

		if (net != LNET_NET_ANY && cn->net != net)
			continue;
		if (skip >= cn->n) {
			done += cn->n;
			continue;
		}
		tel_begin_item(o, count++);
		done += skip + show_net(o, l, conf, cn, skip, tel_level(params), &full);
		tel_end(o);
	}
	/* a full page that was the last one is followed by an empty one */
	tel_list_end(o, count, full ? done : 0);
	return 0;
}

/* --- add --- */

static int
read_tunables(struct kv *params, struct lnet_ni_tunables *t, struct tel_req *req)
{
	const struct {
		const char *key;
		int min, max;
		int *out;
	} rows[] = {
		{"peer_timeout", -1, INT32_MAX, &t->peer_timeout},
		{"peer_credits", -1, 65535, &t->peer_credits},
		{"peer_buffer_credits", -1, 1 << 24, &t->peer_buffer_credits},
		{"credits", -1, 1 << 24, &t->credits},
		{"conns_per_peer", -1, 127, &t->conns_per_peer},
		{"tos", -1, 255, &t->tos},
	};
	unsigned int i;
	int64_t v;

	lnet_ni_tunables_unset(t);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = -1;
		if (kv_get_int(params, rows[i].key, rows[i].min, rows[i].max, &v) < 0)
			return tel_fail(req, -EINVAL, "%s: %d to %d are allowed", rows[i].key,
					rows[i].min, rows[i].max);
		*rows[i].out = (int)v;
	}
	return 0;
}

/* Cut the next interface off a comma list into @name. Return: false at its end. */
static bool
next_iface(const char **list, char name[LNET_IFNAME_MAX])
{
	size_t len = strcspn(*list, ",");

	if (len == 0 || len >= LNET_IFNAME_MAX)
		return false;
	memcpy(name, *list, len);
	name[len] = '\0';
	*list += len + ((*list)[len] == ',');
	return true;
}

/* All interfaces of the list or none. */
static int
add_all(struct lnet *l, struct lnet_net_conf *conf, const char *list, uint64_t now,
	char why[WHY_MAX])
{
	const char *at = list, *undo = list;
	char ignored[WHY_MAX], name[LNET_IFNAME_MAX];
	unsigned int added = 0;
	int rc = 0;

	while (rc == 0 && next_iface(&at, conf->ifname)) {
		rc = lnet_net_add(l, conf, now, why, WHY_MAX);
		added += rc == 0;
	}
	while (rc < 0 && added-- > 0 && next_iface(&undo, name))
		lnet_net_del(l, conf->net, name, now, ignored, sizeof(ignored));
	return rc;
}

static int
net_add(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct lnet_net_conf conf = {0};
	const char *ifs = kv_get(params, "if");
	char why[WHY_MAX] = "";
	int rc = tel_get_net(params, "net", &conf.net);

	if (rc < 0)
		return tel_fail(req, rc, "cannot parse net");
	if (rc == 0 || ifs == NULL || *ifs == '\0')
		return tel_fail(req, -EINVAL, "net= and if= are needed");
	rc = read_tunables(params, &conf.tun, req);
	if (rc < 0)
		return rc;
	rc = add_all(owner, &conf, ifs, now, why);
	return rc < 0 ? tel_fail(req, rc, "%s", why) : 0;
}

/* --- del: answered when the interfaces are gone --- */

static int
del_by_nid(struct lnet *l, const struct lnet_nid *nid, uint64_t now, char why[WHY_MAX])
{
	struct lnet_ni *ni;
	unsigned int i;

	for (i = 0; (ni = lnet_ni_at(l, i)) != NULL; i++)
		if (lnet_nid_equal(&ni->nid, nid))
			return lnet_net_del(l, ni->net, ni->ifname, now, why, WHY_MAX);
	return lnet_why(why, WHY_MAX, -ENOENT, "cannot del LNet NI");
}

static int
del_all(struct lnet *l, uint32_t net, const char *list, uint64_t now, char why[WHY_MAX])
{
	char name[LNET_IFNAME_MAX];
	int rc = 0;

	if (list == NULL || *list == '\0')
		return lnet_net_del(l, net, NULL, now, why, WHY_MAX);
	while (rc == 0 && next_iface(&list, name))
		rc = lnet_net_del(l, net, name, now, why, WHY_MAX);
	return rc;
}

static int
net_del(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct lnet *l = owner;
	const char *ifs = kv_get(params, "if");
	char why[WHY_MAX] = "";
	struct lnet_nid nid;
	uint32_t net;
	int has_net = tel_get_net(params, "net", &net), has_nid = tel_get_nid(params, "nid", &nid);
	int rc;

	if (has_net < 0)
		return tel_fail(req, has_net, "cannot parse net");
	if (has_nid < 0 || has_net + has_nid != 1)
		return tel_fail(req, -EINVAL, "either net= or a valid nid= is needed");
	rc = has_nid > 0 ? del_by_nid(l, &nid, now, why) : del_all(l, net, ifs, now, why);
	if (rc < 0)
		return tel_fail(req, rc, "%s", why);
	if (TAILQ_EMPTY(&l->retiring))
		return 0;
	/* one at a time waits; a second one is told at once that it is on its way */
	if (l->del_req != NULL)
		return 0;
	l->del_req = req;
	return TEL_LATER;
}

void
net_tel_poll(struct lnet *l)
{
	struct tel_req *req = l->del_req;

	if (req == NULL || !TAILQ_EMPTY(&l->retiring))
		return;
	l->del_req = NULL;
	tel_finish(req, 0);
}

const struct tel_cmd net_tel_cmds[] = {
	{"/lnet/net/add", net_add,
	 "net=,if=[,if..][;peer_timeout=;peer_credits=;peer_buffer_credits=;credits=;conns_per_peer=;tos=]"},
	{"/lnet/net/del", net_del, "net=[;if=] or nid=; answers when the interface is gone"},
	{"/lnet/net/show", net_show, "[net=][;v=0..4][;off=]: local networks and interfaces"},
};
const unsigned int net_tel_n_cmds = sizeof(net_tel_cmds) / sizeof(net_tel_cmds[0]);
