/* SPDX-License-Identifier: BSD-3-Clause */
/* Hash table of flows. */
#include "drivers/tcp/flows.h"

#include <rte_common.h>
#include <rte_jhash.h>
#include <rte_malloc.h>

#include <errno.h>
#include <string.h>

int
tcp_flows_init(struct tcp_flows *f, const void *objects, size_t size, size_t flow_at,
	       unsigned int n, uint32_t seed, int socket)
{
	uint32_t slots = rte_align32pow2(2 * n);

	*f = (struct tcp_flows){
		.mask = slots - 1,
		.seed = seed,
		.objects = objects,
		.size = size,
		.flow_at = flow_at,
	};
	f->slots = rte_calloc_socket("tcp_flows", slots, sizeof(*f->slots), RTE_CACHE_LINE_SIZE,
				     socket);
	return f->slots == NULL ? -ENOMEM : 0;
}

void
tcp_flows_fini(struct tcp_flows *f)
{
	rte_free(f->slots);
	f->slots = NULL;
}

/*
 * Of an IPv4 flow only the 12 bytes that are not zero are hashed. Not with a CRC: its collisions are the same for all seeds, so that
 * everybody could find flows that share a slot.
 */
uint32_t
tcp_flows_hash(const struct tcp_flows *f, const struct ip_flow *flow)
{
	uint32_t words[(sizeof(*flow) + 3) / 4] = {0}, local, remote;

	if (flow->local.family == IP_V4) {
		memcpy(&local, flow->local.bytes, sizeof(local));
		memcpy(&remote, flow->remote.bytes, sizeof(remote));
		return rte_jhash_3words(local, remote,
					(uint32_t)flow->local_port << 16 | flow->remote_port,
					f->seed);
	}
	/* a flow is no whole number of words at an even address: the hash wants aligned words */
	memcpy(words, flow, sizeof(*flow));
	return rte_jhash_32b(words, RTE_DIM(words), f->seed);
}

static const struct ip_flow *
flow_of(const struct tcp_flows *f, uint32_t index)
{
	return (const struct ip_flow *)(f->objects + index * f->size + f->flow_at);
}

uint32_t
tcp_flows_guess(const struct tcp_flows *f, uint32_t hash)
{
	uint32_t i = hash & f->mask;

	while (f->slots[i].index != 0 && f->slots[i].hash != hash)
		i = (i + 1) & f->mask;
	return f->slots[i].index - 1;
}

uint32_t
tcp_flows_find(const struct tcp_flows *f, const struct ip_flow *flow, uint32_t hash)
{
	uint32_t i = hash & f->mask;

	for (; f->slots[i].index != 0; i = (i + 1) & f->mask) {
		if (f->slots[i].hash == hash &&
		    ip_flow_equal(flow_of(f, f->slots[i].index - 1), flow))
			return f->slots[i].index - 1;
	}
	return TCP_FLOWS_NONE;
}

void
tcp_flows_add(struct tcp_flows *f, uint32_t index)
{
	uint32_t hash = tcp_flows_hash(f, flow_of(f, index)), i = hash & f->mask;

	while (f->slots[i].index != 0)
		i = (i + 1) & f->mask;
	f->slots[i] = (struct tcp_flows_slot){hash, index + 1};
}

/* Close the gap at @gap: what was put behind it because of who sat there moves up, so that no look-up ends too early. */
static void
close_gap(struct tcp_flows *f, uint32_t gap)
{
	uint32_t i = gap, home;

	for (;;) {
		i = (i + 1) & f->mask;
		if (f->slots[i].index == 0)
			break;
		home = f->slots[i].hash & f->mask;
		if (((i - home) & f->mask) < ((i - gap) & f->mask))
			continue;
		f->slots[gap] = f->slots[i];
		gap = i;
	}
	f->slots[gap] = (struct tcp_flows_slot){0};
}

void
tcp_flows_remove(struct tcp_flows *f, uint32_t index)
{
	uint32_t i = tcp_flows_hash(f, flow_of(f, index)) & f->mask;

	for (; f->slots[i].index != 0; i = (i + 1) & f->mask) {
		if (f->slots[i].index != index + 1)
			continue;
		close_gap(f, i);
		return;
	}
}
