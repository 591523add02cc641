/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of the selftest: what was compared, and the checks of the judges themselves. */
#pragma once

#include "nid.h"
#include "pcap.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What has to occur at least once in the captures: TALLY(name, meaning). */
#define TALLY_LIST                                                     \
	TALLY(connreq_v1, "connection request v1")                     \
	TALLY(connreq_v2, "connection request v2")                     \
	TALLY(hello_v3, "HELLO V3 of a dialler")                       \
	TALLY(hello_v4, "HELLO V4 of a dialler")                       \
	TALLY(answer_v2, "HELLO V2 of an acceptor")                    \
	TALLY(answer_v3, "HELLO V3 of an acceptor")                    \
	TALLY(answer_v4, "HELLO V4 of an acceptor")                    \
	TALLY(answer_none, "HELLO NONE of an acceptor")                \
	TALLY(answer_unknown, "answer to an unknown HELLO version")    \
	TALLY(answer_request, "answer to an unknown request version")  \
	TALLY(get_ping, "ping GET")                                    \
	TALLY(reply_ping, "ping REPLY with its buffer")                \
	TALLY(reply_other, "REPLY")                                    \
	TALLY(put_push, "push PUT with its buffer")                    \
	TALLY(put_other, "data PUT")                                   \
	TALLY(ack, "ACK")                                              \
	TALLY(zc_request, "zero-copy request")                         \
	TALLY(first_cookie, "zero-copy request with the first cookie") \
	TALLY(zc_ack, "NOOP that acknowledges")                        \
	TALLY(keepalive, "NOOP keepalive")                             \
	TALLY(checksum_v2, "message with a V2 checksum")

enum tally {
#define TALLY(name, meaning) TALLY_##name,
	TALLY_LIST
#undef TALLY
		TALLY_MAX
};

/*
 * A GET or PUT seen in a file, for the answer that follows; or the cookie of a zero-copy request.
 */
struct request {
	struct request *next;
	struct lnet_hdr hdr;
	uint64_t cookie;
};

struct selftest {
	const char *file;
	int checks;
	int failures;
	int tallies[TALLY_MAX];
	struct request *requests; /* of this file */
};

/* Compare @len bytes; counts, and prints both sides if they differ. */
void selftest_compare(struct selftest *t, const char *what, const uint8_t *recorded,
		      const uint8_t *ours, size_t len);

/* A condition that has to hold. */
void selftest_check(struct selftest *t, const char *what, bool holds);

/*
 * selftest_messages.c: all messages of one direction behind its handshake. First pass notes
 * requests, second compares.
 */
void selftest_messages(struct selftest *t, const uint8_t *data, size_t len, uint32_t version,
		       bool is_compared);

/* selftest_judge.c: that our judgement of others can fail. */
void selftest_judge(struct selftest *t);
