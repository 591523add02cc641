/* SPDX-License-Identifier: BSD-3-Clause */
/* Black holes, and the search for the largest packet that passes: RFC 4821 7, RFC 8899 4 and 5. */
#include "drivers/tcp/pmtud.h"

#include "drivers/tcp/scoreboard.h"
#include "drivers/tcp/seq.h"
#include "drivers/tcp/tcp_priv.h"

#define MTU_MIN_V4 552 /* a smaller report is not believed */
#define MTU_MIN_V6 1280 /* RFC 8200 5 */
#define MTU_ETHERNET 1500

/*
 * So many timeouts in a row make a black hole. Jumbo frames that do not pass everywhere are a common mistake, and it is found
 * within a second; a path that does not even take 1500 bytes is rare, and an outage more likely: that waits a bit longer.
 */
#define BLACK_HOLE_TIMEOUTS 2
#define OUTAGE_MAX (2 * TCP_S) /* between the first of them and the last */

#define MAX_PROBES 3 /* of one size: RFC 8899 5.1.2 */
#define PROBE_GAP (200 * TCP_MS) /* between probes; a lost one leaves a hole in the stream */
#define RAISE_TIMER (600 * TCP_S) /* RFC 8899 5.1.1: until the search begins anew */
#define ENTRY_LIFE (600 * TCP_S) /* of an entry when nobody repeats the search */
/* Segments behind a probe, so that its loss is seen by what arrives and not by the timer (RFC 4821 7.4) */
#define BEHIND_PROBE 3
#define RESOLUTION 32 /* the search ends when the gap is below 1/32 of the size */

/* Common MTUs, RFC 1191 7.1 with today's. */
static const uint16_t plateaus[] = {MTU_MIN_V4, 1006, 1280, 1492, 1500, 2002, 4352, 8166, 9000};
#define N_PLATEAUS (sizeof(plateaus) / sizeof(plateaus[0]))

static bool
is_v6(const struct tcp_conn *c)
{
	return c->flow.remote.family == IP_V6;
}

/* What is sent now; the peer's option may keep it below what the path takes. */
static uint16_t
current_size(const struct tcp_conn *c)
{
	uint16_t limit = tcp_path_limit(c);

	return c->pmtud.mtu < limit ? c->pmtud.mtu : limit;
}

static void
set_mtu(struct tcp_conn *c, uint16_t mtu, uint64_t next_at)
{
	c->pmtud.mtu = mtu < c->path.mtu ? mtu : c->path.mtu;
	c->pmtud.next_at = next_at;
	tcp_path_mss(c);
}

static struct tcp_path_entry *
find_entry(struct tcp_conn *c, uint64_t now)
{
	return tcp_path_cache_find(c->t, c->path.iface, &c->flow.remote, now);
}

/* The entry of a path that is about to be narrowed, or that was and whose entry was pushed out. */
static struct tcp_path_entry *
get_entry(struct tcp_conn *c, uint64_t now)
{
	struct tcp_path_entry *e = tcp_path_cache_get(c->t, c->path.iface, &c->flow.remote, now);

	if (e->mtu == 0) {
		e->mtu = current_size(c);
		e->top = tcp_path_limit(c);
		e->next_at = now;
	}
	if (e->expires_at < now + ENTRY_LIFE)
		e->expires_at = now + ENTRY_LIFE;
	return e;
}

/* No probe for a while; then the search begins anew from the interface's size. */
static void
search_ended(struct tcp_conn *c, struct tcp_path_entry *e, uint64_t now)
{
	e->size = 0;
	e->tries = 0;
	e->top = tcp_path_limit(c);
	e->top_failed = false;
	e->next_at = e->mtu < e->top ? now + RAISE_TIMER : TIMER_NONE;
	e->expires_at = now + RAISE_TIMER + ENTRY_LIFE;
}

/* Once for each destination, and only for what is certain. */
static void
tell(struct tcp_conn *c, struct tcp_path_entry *e, uint64_t now)
{
	const struct tcp_env *env = c->t->env;

	if (e->is_told)
		return;
	e->is_told = true;
	tcp_count(c->t, TCP_PMTU_MISMATCH);
	if (env->path_shrunk != NULL)
		env->path_shrunk(env->arg, &c->flow.local, &c->flow.remote, e->mtu, now);
}

void
tcp_pmtud_init(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_path_entry *e = find_entry(c, now);

	c->pmtud = (struct tcp_pmtud){.mtu = c->path.mtu, .next_at = TIMER_NONE};
	if (e != NULL && e->mtu < c->path.mtu)
		set_mtu(c, e->mtu, e->next_at);
}

/* --- down --- */

/* The size to fall back to from @size; 0 = there is no smaller one. */
static uint16_t
fall_back(const struct tcp_conn *c, uint16_t size)
{
	/* RFC 8899 5.1.2 BASE_PLPMTU, above it what nearly every network takes */
	static const uint16_t v4[] = {MTU_ETHERNET, 1280, 1024}, v6[] = {MTU_ETHERNET, 1280};
	const uint16_t *sizes = is_v6(c) ? v6 : v4;
	unsigned int i, n = is_v6(c) ? 2 : 3;

	for (i = 0; i < n; i++) {
		if (sizes[i] < size)
			return sizes[i];
	}
	return 0;
}

/* Smaller segments are sent from here on. The timer begins anew: what was lost says nothing about the smaller ones. */
static void
lower(struct tcp_conn *c, const struct tcp_path_entry *e)
{
	c->pmtud.timeouts = 0;
	c->backoff = 0;
	set_mtu(c, e->mtu, e->next_at);
}

static bool
is_black_hole(const struct tcp_conn *c, uint64_t now)
{
	return c->pmtud.timeouts >= BLACK_HOLE_TIMEOUTS &&
		(current_size(c) > MTU_ETHERNET || now - c->pmtud.stalled_at >= OUTAGE_MAX);
}

static void
black_hole(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_txseg *head = TAILQ_FIRST(&c->tx.segs);
	uint16_t size = current_size(c), smaller = fall_back(c, size);
	struct tcp_path_entry *e;

	if (smaller == 0 || !is_black_hole(c, now))
		return;
	/* a segment that would have passed as well was lost: it is not its size */
	if (head == NULL || head->len <= tcp_path_payload(c, smaller))
		return;
	tcp_count(c->t, TCP_PMTU_BLACK_HOLE);
	e = get_entry(c, now);
	e->mtu = smaller;
	e->size = 0;
	e->tries = 0;
	/* or was it an outage? the old size is the first to be tried */
	e->top_failed = false;
	e->next_at = now;
	lower(c, e);
}

static void
probe_over(struct tcp_conn *c)
{
	c->pmtud.probe = NULL;
}

/* That nothing larger than @e->size passes is certain enough. */
static void
size_failed(struct tcp_conn *c, struct tcp_path_entry *e, uint64_t now)
{
	if (e->size == tcp_path_limit(c))
		tell(c, e, now);
	e->top = e->size - 1;
	e->top_failed = true;
	e->size = 0;
	e->tries = 0;
}

static void
probe_lost(struct tcp_conn *c, uint64_t now)
{
	struct tcp_path_entry *e = get_entry(c, now);

	tcp_count(c->t, TCP_PMTU_PROBE_LOST);
	if (e->size == c->pmtud.probe_size && ++e->tries >= MAX_PROBES)
		size_failed(c, e, now);
	e->next_at = c->pmtud.next_at = now + PROBE_GAP;
	probe_over(c);
}

void
tcp_pmtud_timeout(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_path_entry *e;

	if (c->pmtud.probe != NULL) {
		probe_lost(c, now);
		return;
	}
	if (c->pmtud.timeouts == 0)
		c->pmtud.stalled_at = now;
	if (c->pmtud.timeouts < UINT8_MAX)
		c->pmtud.timeouts++;
	e = find_entry(c, now);
	if (e != NULL && e->mtu < current_size(c)) {
		/* another connection has found out */
		lower(c, e);
		return;
	}
	if (c->pmtud.timeouts >= BLACK_HOLE_TIMEOUTS)
		tcp_path_refresh(c, now);
	black_hole(c, now);
}

/* --- up --- */

static void
probe_passed(struct tcp_conn *c, uint64_t now)
{
	struct tcp_path_entry *e = get_entry(c, now);

	tcp_count(c->t, TCP_PMTU_RAISED);
	if (c->pmtud.probe_size > e->mtu)
		e->mtu = c->pmtud.probe_size;
	e->size = 0;
	e->tries = 0;
	e->next_at = now;
	if (e->mtu >= tcp_path_limit(c))
		search_ended(c, e, now);
	probe_over(c);
	set_mtu(c, e->mtu, e->next_at);
}

void
tcp_pmtud_judge_probe(struct tcp_conn *c, uint64_t now)
{
	const struct tcp_txseg *s = c->pmtud.probe;
	uint32_t end;

	/* without SND.UNA behind it the record is still there */
	if (seq_gt(c->snd_una, c->pmtud.probe_seq) || (s->flags & TXSEG_SACKED) != 0) {
		probe_passed(c, now);
		return;
	}
	if ((s->flags & TXSEG_LOST) == 0)
		return;
	end = txseg_end(s);
	if (c->tx.lost != txseg_space(s)) {
		/* RFC 4821 7.6.4: others were lost as well, so it may have been congestion */
		c->pmtud.next_at = now + PROBE_GAP;
		probe_over(c);
		return;
	}
	probe_lost(c, now);
	tcp_recovery_repeat(c, end);
}

/* The size to try next; 0 = the search is over. */
static uint16_t
next_size(const struct tcp_conn *c, const struct tcp_path_entry *e)
{
	uint16_t limit = tcp_path_limit(c), top = e->top < limit ? e->top : limit;
	unsigned int i, first = 0, n = 0;

	if (top <= e->mtu)
		return 0;
	if (!e->top_failed)
		return top;
	for (i = 0; i < N_PLATEAUS; i++) {
		if (plateaus[i] > e->mtu && plateaus[i] <= top) {
			first = n == 0 ? i : first;
			n++;
		}
	}
	if (n > 0)
		return plateaus[first + n / 2];
	return top - e->mtu >= e->mtu / RESOLUTION ? e->mtu + (top - e->mtu + 1) / 2 : 0;
}

/* Is there enough to send behind a probe of @len bytes, and is nothing amiss? */
static bool
may_probe(const struct tcp_conn *c, uint32_t len, uint32_t room)
{
	uint32_t need = len + BEHIND_PROBE * c->mss;

	return c->tx.unsent >= need && room >= need && c->cc.cwnd >= need;
}

uint32_t
tcp_pmtud_probe(struct tcp_conn *c, uint32_t room, uint64_t now)
{
	struct tcp_path_entry *e;
	uint32_t len;

	if (now < c->pmtud.next_at || c->pmtud.probe != NULL || c->recovery != TCP_OPEN ||
	    c->tx.sacked > 0 || c->tx.lost > 0 || !may_probe(c, c->mss, room))
		return 0;
	e = get_entry(c, now);
	if (e->mtu != c->pmtud.mtu || e->next_at > now) {
		/* another connection has got on with the search */
		set_mtu(c, e->mtu, e->next_at);
		return 0;
	}
	if (e->size == 0)
		e->size = next_size(c, e);
	if (e->size == 0) {
		search_ended(c, e, now);
		c->pmtud.next_at = e->next_at;
		return 0;
	}
	len = tcp_path_payload(c, e->size) - (c->mss - tcp_segment_mss(c));
	if (!may_probe(c, len, room))
		return 0;
	c->pmtud.probe_size = e->size;
	return len;
}

void
tcp_pmtud_sent(struct tcp_conn *c, uint64_t now)
{
	struct tcp_path_entry *e = get_entry(c, now);

	tcp_count(c->t, TCP_PMTU_PROBE);
	c->pmtud.probe = TAILQ_LAST(&c->tx.segs, tcp_txseg_list);
	c->pmtud.probe_seq = c->pmtud.probe->seq;
	/* the other connections wait for its fate */
	e->next_at = now + PROBE_GAP;
}

/* --- what ICMP says --- */

/* RFC 1191 5: old routers do not tell; guess the next lower common size. */
static uint16_t
next_plateau(uint16_t size)
{
	unsigned int i = N_PLATEAUS;

	while (i > 0 && plateaus[i - 1] >= size)
		i--;
	return i > 0 ? plateaus[i - 1] : MTU_MIN_V4;
}

/* RFC 8899 4.6.2: a probe was too big, and the size that is not is larger than what we use. */
static bool
probe_too_big(struct tcp_conn *c, uint32_t seq, uint16_t mtu, uint64_t now)
{
	struct tcp_path_entry *e;

	if (c->pmtud.probe == NULL || seq != c->pmtud.probe_seq || mtu >= c->pmtud.probe_size ||
	    mtu < c->pmtud.mtu)
		return false;
	e = get_entry(c, now);
	if (e->size == tcp_path_limit(c))
		tell(c, e, now);
	e->top = mtu;
	e->top_failed = false;
	e->size = 0;
	e->tries = 0;
	e->next_at = c->pmtud.next_at = now;
	probe_over(c);
	return true;
}

bool
tcp_pmtud_too_big(struct tcp_conn *c, uint32_t seq, uint16_t mtu, uint64_t now)
{
	uint16_t size = current_size(c), min = is_v6(c) ? MTU_MIN_V6 : MTU_MIN_V4;
	struct tcp_path_entry *e;

	if (probe_too_big(c, seq, mtu, now))
		return true;
	if (mtu == 0)
		mtu = next_plateau(size);
	if (mtu < min)
		mtu = min;
	if (mtu >= size)
		return false;
	tcp_count(c->t, TCP_PMTU);
	e = get_entry(c, now);
	e->mtu = mtu;
	search_ended(c, e, now);
	tell(c, e, now);
	set_mtu(c, mtu, e->next_at);
	return true;
}
