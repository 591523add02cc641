/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known about paths, by destination: bounded, and nobody can choose whose entry is pushed out. */
#include "drivers/tcp/siphash.h"
#include "drivers/tcp/tcp_priv.h"

/* No padding: it is hashed as bytes. */
struct path_key {
	struct ipaddr remote;
	uint8_t iface[2];
};

static struct tcp_path_entry *
path_set(struct tcp *t, uint16_t iface, const struct ipaddr *remote)
{
	struct path_key key = {.remote = *remote, .iface = {(uint8_t)(iface >> 8), (uint8_t)iface}};

	return t->paths.entries[siphash24(t->cfg.secret, &key, sizeof(key)) % TCP_PATH_SETS];
}

struct tcp_path_entry *
tcp_path_cache_find(struct tcp *t, uint16_t iface, const struct ipaddr *remote, uint64_t now)
{
	struct tcp_path_entry *set = path_set(t, iface, remote), *e;

	for (e = set; e < set + TCP_PATH_WAYS; e++) {
		if (e->expires_at > now && e->iface == iface && ipaddr_equal(&e->remote, remote))
			return e;
	}
	return NULL;
}

struct tcp_path_entry *
tcp_path_cache_get(struct tcp *t, uint16_t iface, const struct ipaddr *remote, uint64_t now)
{
	struct tcp_path_entry *e = tcp_path_cache_find(t, iface, remote, now), *set, *last;

	if (e != NULL)
		return e;
	set = last = path_set(t, iface, remote);
	for (e = set; e < set + TCP_PATH_WAYS; e++) {
		if (e->expires_at < last->expires_at)
			last = e;
	}
	*last = (struct tcp_path_entry){.remote = *remote, .iface = iface};
	return last;
}
