/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ping's REPLY and a push carry: features, NIDs and their status. Pure. Spec 8.1. */
#pragma once

#include "lnet/conf.h"
#include "lnet/nid.h"

#define PING_MAGIC 0x70696e67u
#define PING_HDR_SIZE 16
#define PING_ENTRY_SIZE 16
#define PING_NIDS_MAX 256 /* NIs of this node; NIDs of others that are kept */
#define PING_INFO_MAX (PING_HDR_SIZE + PING_NIDS_MAX * (PING_ENTRY_SIZE + 24))
#define PING_SINK 3960 /* what the reference's ping command asks for (8.6) */
#define PING_MIN 272 /* every node offers so much */

#define PING_FEAT_NI_STATUS 0x02u
#define PING_FEAT_RTE_DISABLED 0x04u
#define PING_FEAT_MULTI_RAIL 0x08u
#define PING_FEAT_DISCOVERY 0x10u
#define PING_FEAT_LARGE_ADDR 0x20u
#define PING_FEAT_PRIMARY_LARGE 0x40u

#define PING_STATUS_UP 0x15aac0deu
#define PING_STATUS_DOWN 0xdeadfaceu

struct ping_info {
	uint32_t features, pid, seq;
	unsigned int n; /* NIDs below; more than PING_NIDS_MAX are left out */
	bool is_truncated; /* fewer bytes than it declares */
	struct lnet_nid nids[PING_NIDS_MAX]; /* loopback first, then in the sender's order */
	uint32_t status[PING_NIDS_MAX];
};

/* Features of this node by its routing state. */
uint32_t ping_features(const struct lnet_conf *conf);

/* This node's, with the status of now. Any thread. Return: bytes written. */
uint32_t ping_info_encode(const struct lnet_conf *conf, uint8_t out[PING_INFO_MAX]);

/*
 * Read @len bytes of a peer, in either byte order.
 * Return: 0; -EPROTO (magic, no NI_STATUS, no entries, first one not 0@lo, too short for the entries it must have).
 */
int ping_info_decode(const uint8_t *p, uint32_t len, struct ping_info *info);
