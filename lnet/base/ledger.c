/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory ledger: plan and accounts. Pure bookkeeping on the worker that owns it; doc/memory.md has the rules. */
#include "lnet/base/ledger.h"

#include "lnet/base/check.h"
#include "lnet/base/counter.h"

#include <errno.h>
#include <string.h>

/* The longest headers of a full segment: IPv6 and TCP with all its options; an Ethernet header with two tags. */
#define L3_L4_HEADERS_MAX (40 + 60)
#define L2_HEADERS_MAX 22

/* Of the drivers' own messages: one that waits for its acknowledgement, one that collects what comes meanwhile. */
#define CONTROL_MBUFS_PER_CONN 2

#define MTU_MIN 576
#define ROOM_MIN 512

const struct ledger_account_desc ledger_account_desc[LEDGER_ACCOUNTS] = {
#define ACCOUNT(id, name, help) [LEDGER_##id] = {name, help},
#include "lnet/base/ledger.def"
#undef ACCOUNT
};

static uint64_t
div_up(uint64_t n, uint64_t d)
{
	return (n + d - 1) / d;
}

uint64_t
ledger_true_size(const struct ledger_plan *plan, uint32_t len)
{
	if (len == 0)
		return 0;
	/* the first byte may be the last of its mbuf */
	return (1 + div_up(len - 1, plan->fill)) * plan->conf.mbuf_size;
}

/* The first mbuf may be taken but for its last byte; of the others no two neighbours fit into one. */
uint64_t
ledger_queue_size(const struct ledger_plan *plan, uint32_t len)
{
	if (len == 0)
		return 0;
	return (2 + 2 * (uint64_t)((len - 1) / plan->pair)) * plan->conf.mbuf_size;
}

enum ledger_account
ledger_routed_account(uint32_t len)
{
	if (len == 0)
		return LEDGER_ROUTED_TINY;
	return len <= LEDGER_SMALL_MAX ? LEDGER_ROUTED_SMALL : LEDGER_ROUTED_LARGE;
}

uint64_t
ledger_routed_size(const struct ledger_plan *plan, uint32_t len)
{
	return ledger_true_size(plan, len) + plan->conf.mbuf_size;
}

bool
ledger_must_pack(const struct ledger_plan *plan, uint64_t reserved, uint64_t pinned, uint32_t rest)
{
	uint64_t header = plan->conf.mbuf_size;

	return pinned + header + div_up(rest, plan->fill) * plan->conf.mbuf_size > reserved;
}

static bool
conf_is_valid(const struct ledger_conf *conf)
{
	if (conf->mbuf_room < ROOM_MIN || conf->mbuf_size < conf->mbuf_room)
		return false;
	if (conf->mtu < MTU_MIN || conf->window_min < conf->mtu)
		return false;
	return conf->conns > 0 && conf->burst > 0;
}

static void
plan_routed(struct ledger_plan *plan)
{
	const struct ledger_conf *conf = &plan->conf;

	plan->size[LEDGER_ROUTED_TINY] = conf->tiny * ledger_routed_size(plan, 0);
	plan->size[LEDGER_ROUTED_SMALL] = conf->small * ledger_routed_size(plan, LEDGER_SMALL_MAX);
	plan->size[LEDGER_ROUTED_LARGE] = conf->large * ledger_routed_size(plan, LEDGER_LARGE_MAX);
}

/* A transmit descriptor pins a header mbuf and the payload mbuf below it until the driver reclaims it. */
static uint64_t
floor_mbufs(const struct ledger_conf *conf)
{
	return (uint64_t)conf->rx_desc + 2ull * conf->tx_desc + conf->cache + conf->burst;
}

int
ledger_plan_make(struct ledger_plan *plan, const struct ledger_conf *conf, uint64_t total)
{
	uint32_t mbufs_per_segment;
	int i;

	memset(plan, 0, sizeof(*plan));
	if (!conf_is_valid(conf))
		return -EINVAL;
	plan->conf = *conf;
	plan->total = total;
	mbufs_per_segment = (uint32_t)div_up(conf->mtu + L2_HEADERS_MAX, conf->mbuf_room);
	plan->fill = (conf->mtu - L3_L4_HEADERS_MAX) / mbufs_per_segment;
	plan->pair = conf->mbuf_room - L2_HEADERS_MAX - L3_L4_HEADERS_MAX + 1;
	plan->conn = ledger_queue_size(plan, conf->window_min);

	plan->size[LEDGER_FLOOR] = floor_mbufs(conf) * conf->mbuf_size;
	plan->size[LEDGER_CONTROL] =
		(uint64_t)conf->conns * CONTROL_MBUFS_PER_CONN * conf->mbuf_size;
	plan->size[LEDGER_STREAM] = conf->conns * plan->conn;
	plan->size[LEDGER_REORDER] = conf->reorder;
	plan->size[LEDGER_LOCAL] = conf->local;
	plan->size[LEDGER_SENT] = conf->sent;
	plan_routed(plan);
	for (i = 0; i < LEDGER_ACCOUNTS; i++)
		plan->need += plan->size[i];
	if (plan->need > total)
		return -ENOMEM;
	plan->shared = total - plan->need;
	plan->size[LEDGER_STREAM] += plan->shared;
	return 0;
}

int
ledger_init(struct ledger *l, const struct ledger_plan *plan)
{
	int i;

	if (plan->need == 0 || plan->need > plan->total)
		return -ENOMEM;
	memset(l, 0, sizeof(*l));
	l->plan = *plan;
	for (i = 0; i < LEDGER_ACCOUNTS; i++)
		l->use[i].size = plan->size[i];
	return 0;
}

static void
use_set(uint64_t *field, uint64_t value)
{
	__atomic_store_n(field, value, __ATOMIC_RELAXED);
}

static void
use_add(struct ledger_use *u, uint64_t bytes)
{
	use_set(&u->used, u->used + bytes);
	if (u->used > u->high)
		use_set(&u->high, u->used);
}

static void
use_sub(struct ledger_use *u, uint64_t bytes)
{
	CHECK(u->used >= bytes);
	use_set(&u->used, u->used - bytes);
}

static int
refuse(struct ledger *l, enum ledger_account account)
{
	counter_add(&l->use[account].refused, 1);
	return -ENOMEM;
}

static bool
has_room(const struct ledger_use *u, uint64_t bytes)
{
	return u->used <= u->size && bytes <= u->size - u->used;
}

static bool
is_plain(enum ledger_account account)
{
	return account != LEDGER_STREAM && account != LEDGER_REORDER;
}

int
ledger_take(struct ledger *l, enum ledger_account account, uint64_t bytes)
{
	CHECK(is_plain(account));
	if (account == LEDGER_FLOOR || !has_room(&l->use[account], bytes))
		return refuse(l, account);
	use_add(&l->use[account], bytes);
	return 0;
}

void
ledger_give(struct ledger *l, enum ledger_account account, uint64_t bytes)
{
	CHECK(is_plain(account));
	use_sub(&l->use[account], bytes);
}

int
ledger_move(struct ledger *l, enum ledger_account from, enum ledger_account to, uint64_t bytes)
{
	if (ledger_take(l, to, bytes) < 0)
		return -ENOMEM;
	ledger_give(l, from, bytes);
	return 0;
}

/* What of the shared part is neither pinned nor promised: pinned bytes in order are within the promise. */
static uint64_t
shared_free(const struct ledger *l)
{
	uint64_t taken = l->shared_promised > l->shared_used ? l->shared_promised : l->shared_used;

	return taken < l->plan.shared ? l->plan.shared - taken : 0;
}

/* Size that a pool's account gets now: what is in use can only be taken away when it comes back. */
static uint64_t
resized(const struct ledger *l, const struct ledger_plan *target, enum ledger_account account)
{
	uint64_t used = l->use[account].used;

	return target->size[account] > used ? target->size[account] : used;
}

int
ledger_resize(struct ledger *l, unsigned int tiny, unsigned int small, unsigned int large,
	      uint64_t *short_by)
{
	struct ledger_plan plan = l->plan;
	uint64_t before = 0, after = 0;
	int i;

	plan.conf.tiny = tiny;
	plan.conf.small = small;
	plan.conf.large = large;
	plan_routed(&plan);
	for (i = LEDGER_ROUTED_TINY; i <= LEDGER_ROUTED_LARGE; i++) {
		plan.size[i] = resized(l, &plan, (enum ledger_account)i);
		before += l->use[i].size;
		after += plan.size[i];
	}
	if (after > before && after - before > shared_free(l)) {
		if (short_by != NULL)
			*short_by = after - before - shared_free(l);
		return -ENOMEM;
	}
	plan.shared = plan.shared + before - after;
	plan.size[LEDGER_STREAM] = plan.size[LEDGER_STREAM] + before - after;
	plan.need = plan.need + after - before;
	l->plan = plan;
	for (i = 0; i < LEDGER_ACCOUNTS; i++)
		use_set(&l->use[i].size, plan.size[i]);
	return 0;
}

uint64_t
ledger_used(const struct ledger *l)
{
	uint64_t sum = l->passing;
	int i;

	for (i = 0; i < LEDGER_ACCOUNTS; i++)
		sum += l->use[i].used;
	return sum;
}

/* --- received TCP data --- */

static uint64_t
beyond_own(const struct ledger *l, uint64_t bytes)
{
	return bytes > l->plan.conn ? bytes - l->plan.conn : 0;
}

int
ledger_conn_open(struct ledger *l, struct ledger_conn *c)
{
	if (l->conns == l->plan.conf.conns)
		return refuse(l, LEDGER_STREAM);
	l->conns++;
	*c = (struct ledger_conn){.open = true};
	return 0;
}

static void
promise(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	l->shared_promised -= beyond_own(l, c->promised);
	c->promised = bytes;
	l->shared_promised += beyond_own(l, c->promised);
}

void
ledger_conn_close(struct ledger *l, struct ledger_conn *c)
{
	if (!c->open)
		return;
	ledger_conn_give(l, c, c->pinned + c->passing);
	ledger_reorder_give(l, c, c->reorder);
	promise(l, c, 0);
	c->open = false;
	l->conns--;
}

static void
set_pinned(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	l->shared_used -= beyond_own(l, c->pinned);
	c->pinned = bytes;
	l->shared_used += beyond_own(l, c->pinned);
}

static void
pass(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	c->passing += bytes;
	l->passing += bytes;
}

int
ledger_conn_take(struct ledger *l, struct ledger_conn *c, uint64_t bytes, bool expected)
{
	uint64_t more = beyond_own(l, c->pinned + bytes) - beyond_own(l, c->pinned);
	uint64_t burst = (uint64_t)l->plan.conf.burst * l->plan.conf.mbuf_size;

	if (expected && l->passing + bytes <= burst) {
		pass(l, c, bytes);
		return 0;
	}
	if (more > 0 && l->shared_used + more > l->plan.shared)
		return refuse(l, LEDGER_STREAM);
	set_pinned(l, c, c->pinned + bytes);
	use_add(&l->use[LEDGER_STREAM], bytes);
	return 0;
}

void
ledger_conn_give(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	/* which of the two it was taken as does not matter: expected data passes in the round it came in */
	uint64_t passing = bytes < c->passing ? bytes : c->passing;

	CHECK(bytes - passing <= c->pinned);
	c->passing -= passing;
	l->passing -= passing;
	set_pinned(l, c, c->pinned - (bytes - passing));
	use_sub(&l->use[LEDGER_STREAM], bytes - passing);
}

int
ledger_reorder_take(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	struct ledger_use *u = &l->use[LEDGER_REORDER];

	if (!has_room(u, bytes) || c->reorder + bytes > u->size - u->used)
		return refuse(l, LEDGER_REORDER);
	c->reorder += bytes;
	use_add(u, bytes);
	return 0;
}

void
ledger_reorder_give(struct ledger *l, struct ledger_conn *c, uint64_t bytes)
{
	CHECK(bytes <= c->reorder);
	c->reorder -= bytes;
	use_sub(&l->use[LEDGER_REORDER], bytes);
}

/* Expected data has its place until the round is over: nothing but this round's burst can take what it gave back. */
int
ledger_reorder_join(struct ledger *l, struct ledger_conn *c, uint64_t bytes, bool expected)
{
	ledger_reorder_give(l, c, bytes);
	if (!expected)
		return ledger_conn_take(l, c, bytes, false);
	pass(l, c, bytes);
	return 0;
}

/* Most bytes of window that a true size can hold: ledger_queue_size() the other way round. */
static uint32_t
window_of(const struct ledger *l, uint64_t bytes)
{
	uint64_t mbufs = bytes / l->plan.conf.mbuf_size;
	uint64_t window = mbufs / 2 * l->plan.pair;

	return window < UINT32_MAX ? (uint32_t)window : UINT32_MAX;
}

static uint32_t
max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

uint32_t
ledger_window(struct ledger *l, struct ledger_conn *c, uint32_t open, uint32_t want)
{
	uint64_t others = l->shared_promised - beyond_own(l, c->promised);
	uint64_t free = others < l->plan.shared ? l->plan.shared - others : 0;
	/* no more than what it leaves to the others: n busy connections end up with a share of 1/(n + 1) each */
	uint32_t most = window_of(l, l->plan.conn + free / 2);
	uint32_t window = max_u32(open, l->plan.conf.window_min);

	window = max_u32(window, want < most ? want : most);
	promise(l, c, ledger_queue_size(&l->plan, window));
	return window;
}
