/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A node for tests of socklnd: one worker with the driver, one or two NIs, scripted TCP below and a recording core above.
 * And the other side: what a peer says and what it reads.
 */
#pragma once

#include "drivers/socklnd/priv.h"
#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"
#include "tests/fake/fake_core.h"
#include "tests/fake/fake_tcp.h"

#define NODE_INCARNATION UINT64_C(0x18ea5c58f4261c41)
#define PEER_INCARNATION UINT64_C(0x18ea5c5a5c89d55a)
#define SEC UINT64_C(1000000000)

struct node {
	struct buf_mem mem;
	struct lcore lc;
	struct tcp *tcp;
	struct lnet_cpt *cpt;
	struct socklnd_config cfg;
	struct socklnd_iface iface; /* of every NI, or of the first when there is iface1 */
	struct socklnd_iface iface1; /* of the second, if it has an address */
	struct socklnd *s;
	struct lnet_ni ni[2];
	unsigned int n_nis;
	uint32_t net0, net1; /* of the NIs; 0 = tcp and tcp1 */
	uint64_t now;
	unsigned int home; /* what env.home() answers */
};

/* A node on 10.10.0.3@tcp (or with @nis 2 on tcp1 too), with settings of @cfg (NULL: defaults). */
void node_up(struct node *n, unsigned int nis, const struct socklnd_config *cfg);
/* The same with the interface's addresses given, "" = none; n->net0 is kept. */
void node_up_at(struct node *n, const char *v4, const char *v6, const struct socklnd_config *cfg);
/* Detach, stop, and prove that nothing leaked. */
void node_down(struct node *n);
/* Two interfaces with an address each, on tcp and tcp1. */
void node_up_two(struct node *n, const char *v4, const char *other_v4,
		 const struct socklnd_config *cfg);
/* Two NIs on tcp: one with @v4 that may use @v6 too, one with @v6. */
void node_up_dual(struct node *n, const char *v4, const char *v6, const struct socklnd_config *cfg);

void node_advance(struct node *n, uint64_t ns);
uint64_t node_count(const struct node *n, enum socklnd_counter c);
struct socklnd_peer *node_peer(struct node *n, const char *nid);

/* One connection as the peer sees it. */
struct remote {
	struct node *n;
	struct tcp_conn *c;
	size_t read; /* bytes of ours that it has read */
	struct lnet_nid nid; /* of the peer */
	unsigned int version;
};

/* The peer at @nid connects from @port. Return: false if it was refused. */
bool remote_connect(struct remote *r, struct node *n, const char *nid, uint16_t port);
/* Our dial number @i is answered by TCP; connection request and HELLO are checked, *@h is the HELLO. */
void remote_answer(struct remote *r, struct node *n, unsigned int i, const char *nid,
		   struct socklnd_hello *h);
void remote_say(struct remote *r, const void *bytes, size_t len);
void remote_request(struct remote *r, const struct lnet_nid *target);
/* HELLO of @version and @type; node's first NI is the destination. */
void remote_hello(struct remote *r, unsigned int version, enum socklnd_type type);
void remote_hello_of(struct remote *r, const struct socklnd_hello *h);
/* Reads and decodes our HELLO. */
struct socklnd_hello remote_read_hello(struct remote *r);
/* Bytes of ours not read yet; read @len of them, which must be there. */
size_t remote_waiting(const struct remote *r);
const uint8_t *remote_read(struct remote *r, size_t len);

/* Connect, request, HELLO V3 of @type, and check the reply. */
void remote_join(struct remote *r, struct node *n, const char *nid, uint16_t port,
		 enum socklnd_type type);
/* All of a set: CONTROL, BULK_IN and BULK_OUT as the peer calls them, from port 1023 down. */
void remote_join_set(struct remote r[3], struct node *n, const char *nid);
/* Our dial of three connections is answered. */
void remote_answer_set(struct remote r[3], struct node *n, const char *nid);

struct frame {
	struct socklnd_ksock ksock;
	struct lnet_hdr hdr; /* of an LNET message */
	const uint8_t *payload;
};
/* One message of ours. */
struct frame remote_read_frame(struct remote *r);
/* A message of the peer; returns its bytes' number. @payload NULL: pattern. */
size_t remote_frame(const struct remote *r, uint8_t *out, enum lnet_msg_type type, uint32_t len,
		    uint64_t cookie0, uint64_t cookie1);
void remote_send(struct remote *r, enum lnet_msg_type type, uint32_t len, uint64_t cookie0);
void remote_noop(struct remote *r, uint64_t cookie0, uint64_t cookie1);

struct lnet_nid nid_of(const char *text);
