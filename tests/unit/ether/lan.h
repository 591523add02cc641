/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports whose other end the test holds (net_ring), workers that one thread polls in turn, virtual time, and frames made
 * and read as bytes, independently of the code under test.
 */
#pragma once

#include "drivers/ether/ether_priv.h"
#include "lnet/base/buf.h"

#include <stddef.h>

#define LAN_WORKERS_MAX 3
#define LAN_PORTS_MAX 2
#define LAN_FRAME_MAX 9100
#define LAN_TCP_MAX 256

#define LAN_SECOND UINT64_C(1000000000)

struct lan {
	struct buf_mem mem;
	struct event_queue *events;
	struct lcore lc[LAN_WORKERS_MAX];
	struct channel *channel;
	struct ether *e;
	unsigned int n_workers, n_ports;
	char port[LAN_PORTS_MAX][ETHER_PORT_NAME_MAX];
	struct rte_ring *in[LAN_PORTS_MAX][2], *out[LAN_PORTS_MAX][2];
	unsigned int queues;
	uint64_t now;

	/* what came up; mbufs are the test's until lan_clear() */
	struct ip_packet tcp[LAN_TCP_MAX];
	unsigned int tcp_worker[LAN_TCP_MAX], n_tcp;
	struct ip_error_info errors[16];
	unsigned int error_worker[16], n_errors;
	struct {
		unsigned int iface;
		bool up;
	} links[16];
	unsigned int n_links;
	struct lan_user {
		struct lan *lan;
		unsigned int worker;
	} users[LAN_WORKERS_MAX];
};

/* EAL, once. cmocka group functions. */
int lan_eal_setup(void **state);
int lan_eal_teardown(void **state);

/*
 * Workers, rings and ports; no interface yet. @queues: of each port (1 or 2).
 */
void lan_create(struct lan *l, unsigned int workers, unsigned int ports, unsigned int queues);
/* Add an interface; @text without name= and port=. Return: its index. */
unsigned int lan_iface(struct lan *l, unsigned int port, const char *text);
/* Start, then let the announcements of the first three seconds pass and forget them. */
void lan_start(struct lan *l);
/* Start alone. */
void lan_start_loud(struct lan *l);
/* The usual: one port, one interface 10.0.0.1/24 and fd00::1/64 with gateway 10.0.0.254, started. */
void lan_simple(struct lan *l, unsigned int workers);
/* Everything is released; fails the test when an mbuf is missing. */
void lan_destroy(struct lan *l);

/* One round of every worker, twice, so that what was passed on is handled. */
void lan_round(struct lan *l);
/* Time passes in steps of 10 ms, with rounds. */
void lan_wait(struct lan *l, uint64_t ns);

/* Put a frame in; @cuts: lengths of the first mbufs, 0-ended; NULL: one mbuf. */
void lan_send_cut(struct lan *l, unsigned int port, const uint8_t *frame, size_t len,
		  const uint16_t *cuts, uint64_t ol_flags);
/* One mbuf, port 0, and a round. */
void lan_send(struct lan *l, const uint8_t *frame, size_t len);
/* An mbuf with the frame, not sent. */
struct rte_mbuf *lan_mbuf(struct lan *l, const uint8_t *frame, size_t len, const uint16_t *cuts);
void lan_send_mbuf(struct lan *l, unsigned int port, struct rte_mbuf *m);
/* Take a frame out. Return: its length, 0 = none. */
size_t lan_recv(struct lan *l, unsigned int port, uint8_t *frame);
/* The mbuf itself, the test's to free; NULL = none. */
struct rte_mbuf *lan_recv_mbuf(struct lan *l, unsigned int port);
/* Free what came up and what went out. */
void lan_clear(struct lan *l);

/* Sum over the workers. */
uint64_t lan_count(const struct lan *l, enum ether_counter c);
#define LAN_COUNT(l, id) lan_count(l, ETHER_C_##id)
/* Fails unless it is the only drop counter that is not zero. */
void lan_assert_only_drop(const struct lan *l, enum ether_counter c);

/* --- frames --- */

extern const uint8_t lan_peer_mac[6], lan_our_mac[6];

/* Addresses of text. */
struct ipaddr lan_addr(const char *text);

/* A naive checksum of RFC 1071, to compare with. */
uint16_t lan_cksum(const void *p, size_t len, uint32_t start);
/* Fill in the IPv4 header's and the transport's checksum of the Ethernet frame (tagged or not). */
void lan_fix_cksums(uint8_t *frame, size_t len);
/* The same for any bytes. Return: false, nothing changed, when the lengths in the frame do not fit it. */
bool lan_try_fix_cksums(uint8_t *frame, size_t len);
/* Do all checksums of the frame hold? */
bool lan_cksums_ok(const uint8_t *frame, size_t len);

/* Each fills @frame and returns its length. Ethernet from the peer to us. */
size_t lan_tcp4(uint8_t *frame, const char *src, const char *dst, size_t payload);
size_t lan_tcp6(uint8_t *frame, const char *src, const char *dst, size_t payload);
size_t lan_icmp4(uint8_t *frame, const char *src, const char *dst, const void *message, size_t len);
size_t lan_icmp6(uint8_t *frame, const char *src, const char *dst, uint8_t hop_limit,
		 const void *message, size_t len);
/* @op 1 request, 2 reply. */
size_t lan_arp(uint8_t *frame, uint16_t op, const uint8_t *sender_mac, const char *sender,
	       const uint8_t *target_mac, const char *target);
/* Neighbour solicitation (135) or advertisement (136); @mac NULL: without the option. */
size_t lan_nd(uint8_t *frame, uint8_t type, uint8_t flags, const char *src, const char *dst,
	      const char *target, const uint8_t *mac);
/* Put a tag between the addresses and the type. Return: new length. */
size_t lan_tag(uint8_t *frame, size_t len, uint16_t tci);

/* A TCP segment as the engine hands it down: data at the TCP header, @payload bytes chained behind it in pieces. */
struct rte_mbuf *lan_segment(struct lan *l, const struct ip_flow *flow, size_t payload,
			     size_t piece);
struct ip_flow lan_flow(const char *local, const char *remote);
