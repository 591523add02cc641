/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames off the wire, through the whole of drivers/ether with three workers: whatever comes, no crash, no lost mbuf,
 * and what comes up as TCP has a whole header and a right checksum.
 *
 * Input: frames, each with a head of 6 bytes: length (2, big endian), lengths of the first three mbufs (0 = the rest),
 * and flags: 1 stripped tag (VLAN 5), 2 wait a second afterwards, 4 leave the checksums as they are (else they are made
 * right, or nothing behind them would be reached).
 */
#include "lnet/base/check.h"
#include "tests/unit/ether/lan.h"

#include <rte_mbuf.h>

#include <stdlib.h>

#define HEAD 6
#define FLAG_STRIPPED 1
#define FLAG_WAIT 2
#define FLAG_RAW 4
#define FRAMES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lan lan;

static void
start(void)
{
	CHECK(lan_eal_setup(NULL) == 0);
	lan_create(&lan, 3, 1, 1);
	lan_iface(&lan, 0, "ip=10.0.0.1/24,ip=fd00::1/64,gw=10.0.0.254");
	lan_iface(&lan, 0, "ip=10.5.0.1/24,ip=fd05::1/64,vlan=5");
	lan_start(&lan);
}

/* What the IP layer promises to a transport. */
static void
check_delivered(void)
{
	const struct ip_packet *p;
	const char *reason;
	unsigned int i;
	uint8_t *tcp;

	for (i = 0; i < lan.n_tcp; i++) {
		p = &lan.tcp[i];
		CHECK(rte_mbuf_check(p->m, 1, &reason) == 0);
		CHECK(p->m->data_len >= 20);
		tcp = rte_pktmbuf_mtod(p->m, uint8_t *);
		CHECK((tcp[12] >> 4) >= 5 && (tcp[12] >> 4) * 4 <= p->m->data_len);
		CHECK(p->local.family == p->remote.family && p->iface < 2);
		CHECK(lan.tcp_worker[i] == ether_home(lan.e, &p->local, &p->remote));
	}
}

static void
second(void)
{
	lan.now += LAN_SECOND;
	lan_round(&lan);
}

static void
put_frame(const uint8_t *head, const uint8_t *frame, size_t len)
{
	uint16_t cuts[4] = {head[2], head[3], head[4], 0};
	uint8_t copy[LAN_FRAME_MAX];
	struct rte_mbuf *m;

	memcpy(copy, frame, len);
	if (!(head[5] & FLAG_RAW))
		lan_try_fix_cksums(copy, len);
	m = lan_mbuf(&lan, copy, len, cuts);
	if (head[5] & FLAG_STRIPPED) {
		m->vlan_tci = 5;
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	}
	lan_send_mbuf(&lan, 0, m);
	lan_round(&lan);
	if (head[5] & FLAG_WAIT)
		second();
}

/* Everything that a frame can have left behind, given time, is gone. */
static void
settle(void)
{
	unsigned int i;

	check_delivered();
	lan_clear(&lan);
	for (i = 0; i < 5; i++)
		second();
	lan_clear(&lan);
	CHECK(ether_leaks(lan.e) == 0);
	CHECK(rte_mempool_in_use_count(lan.mem.mbufs) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int frames = 0;
	size_t len;

	if (lan.e == NULL)
		start();
	while (size > HEAD && frames++ < FRAMES_MAX) {
		len = RTE_MIN((size_t)get_be16(data), size - HEAD);
		len = RTE_MIN(len, (size_t)LAN_FRAME_MAX);
		if (len > 0)
			put_frame(data, data + HEAD, len);
		data += HEAD + len;
		size -= HEAD + len;
	}
	settle();
	return 0;
}
