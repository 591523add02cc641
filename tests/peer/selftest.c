/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Selftest over captures of real nodes: every connection request, HELLO and message that a real
 * node sent must be, byte for byte, what this peer's own functions make for the same NIDs,
 * incarnation, cookies and handles. NIDs are taken from the packets' addresses by the rules of
 * tests/captures/README.md, not from what is compared.
 */
#include "selftest.h"

#include "command.h"
#include "handshake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LNET_PORT 988
#define HAND_MADE_HOST 200 /* 10.10.0.200: sends odd bytes on purpose */

void
selftest_check(struct selftest *t, const char *what, bool holds)
{
	t->checks++;
	if (holds)
		return;
	t->failures++;
	fprintf(stderr, "%s: %s\n", t->file, what);
}

static void
dump(const char *name, const uint8_t *p, size_t len)
{
	size_t i;

	fprintf(stderr, "  %s", name);
	for (i = 0; i < len && i < 200; i++)
		fprintf(stderr, "%s%02x", i % 8 == 0 ? " " : "", p[i]);
	fputc('\n', stderr);
}

void
selftest_compare(struct selftest *t, const char *what, const uint8_t *recorded, const uint8_t *ours,
		 size_t len)
{
	bool same = memcmp(recorded, ours, len) == 0;

	selftest_check(t, what, same);
	if (same)
		return;
	dump("recorded", recorded, len);
	dump("ours    ", ours, len);
}

/* The lab's rule: 10.10.1.x is on tcp1, everything else on tcp. */
static struct nid
nid_of(const struct flow *f, const uint8_t *addr)
{
	struct nid nid = {.size = f->is_ipv6 ? 12 : 0, .type = NID_TYPE_TCP};

	memcpy(nid.addr, addr, f->is_ipv6 ? 16 : 4);
	if (!f->is_ipv6 && addr[2] == 1)
		nid.num[1] = 1;
	return nid;
}

static bool
is_real(const struct flow *f, const uint8_t *addr)
{
	return f->is_ipv6 || addr[3] != HAND_MADE_HOST;
}

/*
 * The dialler's connection request. Return: bytes of the stream it takes, 0 if the flow has no
 * usable one.
 */
static size_t
check_request(struct selftest *t, const struct flow *f)
{
	struct nid target = nid_of(f, f->passive_addr), decoded, zero = {.size = 0};
	const struct stream *st = &f->active;
	uint8_t ours[CONNREQ_MAX];
	size_t len = connreq_encode(ours, &target, false);
	int used = connreq_decode(st->data, st->len, &decoded);

	if (used == -EPROTONOSUPPORT && f->passive.len > 0) {
		t->tallies[TALLY_answer_request]++;
		len = connreq_encode(ours, &zero, false);
		selftest_check(t, "length of the answer to an unknown request",
			       f->passive.len == len);
		if (f->passive.len == len)
			selftest_compare(t, "answer to an unknown request", f->passive.data, ours,
					 len);
	}
	if (used <= 0 || !is_real(f, f->active_addr))
		return used > 0 ? (size_t)used : 0;
	t->tallies[used == 16 ? TALLY_connreq_v1 : TALLY_connreq_v2]++;
	selftest_check(t, "length of the connection request", (size_t)used == len);
	if ((size_t)used == len)
		selftest_compare(t, "connection request", st->data, ours, len);
	return (size_t)used;
}

static void
check_dial_hello(struct selftest *t, const struct flow *f, size_t at, const struct hello *in,
		 size_t len)
{
	struct nid me = nid_of(f, f->active_addr), peer = nid_of(f, f->passive_addr);
	uint8_t ours[HELLO_MAX];
	struct hello h;

	/* a node with an IPv4 NID that dials an IPv6 one keeps its own NID */
	if (f->is_ipv6 && nid_is_small(&in->src))
		me = in->src;
	h = hello_dial(&me, &peer, in->src_incarnation, in->version, in->type);
	selftest_check(t, "length of a HELLO", hello_encode(ours, &h, false) == len);
	selftest_check(t, "type of a dialler's HELLO",
		       in->type >= CONN_ANY && in->type <= CONN_BULK_OUT);
	selftest_compare(t, "HELLO of a dialler", f->active.data + at, ours, len);
	if (in->version == 3)
		t->tallies[TALLY_hello_v3]++;
	if (in->version == 4)
		t->tallies[TALLY_hello_v4]++;
}

/* @in: what the dialler sent. */
static void
check_answer(struct selftest *t, const struct flow *f, const struct hello *in,
	     const struct hello *out, size_t len)
{
	struct nid me = nid_of(f, f->passive_addr);
	int32_t type = out->type == CONN_NONE ? CONN_NONE : conn_type_invert(in->type);
	struct hello h = hello_reply(in, &me, out->src_incarnation, type);
	uint8_t ours[HELLO_MAX];

	if (in->version < 2 || in->version > 4) {
		h = hello_unknown_version(&me, out->src_incarnation);
		t->tallies[TALLY_answer_unknown]++;
	} else if (type == CONN_NONE) {
		t->tallies[TALLY_answer_none]++;
	} else {
		t->tallies[TALLY_answer_v2 + (int)out->version - 2]++;
	}
	selftest_check(t, "length of an answer", hello_encode(ours, &h, false) == len);
	selftest_compare(t, "HELLO of an acceptor", f->passive.data, ours, len);
}

/* One connection: its handshake on the second pass, its messages on both. */
static void
check_flow(struct selftest *t, const struct flow *f, bool is_compared)
{
	struct selftest silent = {.file = t->file};
	struct selftest *to = is_compared ? t : &silent;
	struct hello in, out;
	bool big_endian;
	size_t at = check_request(to, f);
	int used, answer;

	if (at == 0)
		return;
	used = hello_decode(f->active.data + at, f->active.len - at, &in, &big_endian);
	answer = hello_decode(f->passive.data, f->passive.len, &out, &big_endian);
	if (used > 0 && is_real(f, f->active_addr))
		check_dial_hello(to, f, at, &in, (size_t)used);
	if (answer <= 0)
		return;
	if ((used > 0 || used == -EPROTONOSUPPORT) && is_real(f, f->passive_addr))
		check_answer(to, f, &in, &out, (size_t)answer);
	if (used <= 0 || out.type == CONN_NONE)
		return;
	at += (size_t)used;
	selftest_messages(t, f->active.data + at, f->active.len - at, out.version,
			  is_compared && is_real(f, f->active_addr));
	selftest_messages(t, f->passive.data + answer, f->passive.len - (size_t)answer, out.version,
			  is_compared && is_real(f, f->passive_addr));
}

static void
check_file(struct selftest *t, const char *file)
{
	struct flow *flows, *f;
	struct request *r;
	int err = pcap_read(file, LNET_PORT, &flows);
	int pass;

	t->file = file;
	selftest_check(t, "cannot be read as a capture", err == 0);
	for (pass = 0; pass < 2; pass++) {
		for (f = flows; f != NULL; f = f->next)
			check_flow(t, f, pass == 1);
	}
	pcap_free(flows);
	while ((r = t->requests) != NULL) {
		t->requests = r->next;
		free(r);
	}
}

int
selftest_run(char **files, int n_files)
{
	static const char *const meanings[] = {
#define TALLY(name, meaning) meaning,
		TALLY_LIST
#undef TALLY
	};
	struct selftest t = {.file = "judge"};
	int i;

	selftest_judge(&t);
	for (i = 0; i < n_files; i++)
		check_file(&t, files[i]);
	t.file = "captures";
	for (i = 0; i < TALLY_MAX; i++) {
		printf("%5d %s\n", t.tallies[i], meanings[i]);
		selftest_check(&t, meanings[i], t.tallies[i] > 0);
	}
	printf("%d checks, %d failures\n", t.checks, t.failures);
	return t.failures == 0 ? EXIT_GOOD : EXIT_BAD;
}
