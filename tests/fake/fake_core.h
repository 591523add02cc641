/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The core as an LND sees it (what lnet/lnd.h says an LND calls), for tests of LNDs: it records what it is told, takes payload as the
 * test decides, and insists that every accepted send and recv is completed exactly once.
 */
#pragma once

#include "lnet/lnd.h"

struct buf_mem;

#define FAKE_LOG_MAX 4096

enum fake_recv {
	FAKE_TAKE, /* all of the payload, inside lnet_parse() */
	FAKE_DISCARD, /* nothing, no message */
	FAKE_LATER, /* the test calls fake_core_recv() */
	FAKE_PARTLY, /* the first half */
};

struct fake_parsed {
	struct lnet_hdr hdr;
	struct lnet_nid from;
	struct lnet_ni *ni;
	void *rx;
	struct lnet_msg *msg; /* given to recv(); NULL while it waits, or discarded */
	int rc; /* of lnet_recv_done(); 1 = not yet */
	uint8_t *payload; /* as received */
	uint32_t len;
};

struct lnet_cpt {
	struct lcore *lc;
	const struct lnet_lnd_ops *ops;
	const struct buf_mem *mem;

	enum fake_recv recv;
	int parse_rc;
	/* called instead of the rules above, if set */
	int (*on_parse)(struct lnet_cpt *cpt, struct fake_parsed *p, uint64_t now);
	void (*on_finalize)(struct lnet_cpt *cpt, struct lnet_msg *msg, int rc, uint64_t now);
	void (*on_down)(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *peer,
			uint64_t now);
	void *user;

	struct fake_parsed parsed[FAKE_LOG_MAX];
	unsigned int n_parsed;
	struct {
		struct lnet_msg *msg;
		int rc;
		enum lnet_health health;
	} done[FAKE_LOG_MAX];
	unsigned int n_done; /* sends completed */
	unsigned int n_sent; /* sends accepted */
	enum lnet_health refused; /* health of the last send that was refused */
	struct lnet_nid down; /* the last peer reported */
	uint64_t down_alive;
	unsigned int n_down;
	unsigned int n_progress;
	bool fatal;
};

void fake_core_init(struct lnet_cpt *cpt, struct lcore *lc, const struct lnet_lnd_ops *ops);
/* Everything accepted must be complete. */
void fake_core_fini(struct lnet_cpt *cpt);

/* Take the payload of parsed message @i now: @want bytes, or discard all when @want is UINT32_MAX. */
void fake_core_recv(struct lnet_cpt *cpt, unsigned int i, uint32_t want, uint64_t now);

/*
 * Send a message of @type with @len bytes of pattern; freed when it completes.
 * Return: what the LND returned.
 */
int fake_core_send(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *to,
		   enum lnet_msg_type type, uint32_t len, uint64_t now);
int fake_core_send_hdr(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *next_hop,
		       const struct lnet_hdr *hdr, uint64_t deadline, uint64_t now);
/* The same with a payload of the caller's. */
int fake_core_send_bytes(struct lnet_cpt *cpt, struct lnet_ni *ni, const struct lnet_nid *next_hop,
			 const struct lnet_hdr *hdr, const uint8_t *payload, uint64_t now);

/* Byte @i of the pattern of payloads. */
static inline uint8_t
fake_core_pattern(uint32_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13 + 5);
}
