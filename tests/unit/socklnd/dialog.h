/* SPDX-License-Identifier: BSD-3-Clause */
/* Recorded traffic as a list of what was said, in order: from segments to connection requests, HELLOs and messages. */
#pragma once

#include "drivers/socklnd/wire.h"
#include "tests/unit/socklnd/pcap.h"

#define DIALOG_STREAMS_MAX 32
#define DIALOG_ITEMS_MAX 8192

enum item_kind {
	ITEM_OPEN, /* SYN of the dialler */
	ITEM_REQUEST,
	ITEM_HELLO,
	ITEM_NOOP,
	ITEM_MSG,
	ITEM_RAW, /* bytes that are none of these */
	ITEM_FIN,
	ITEM_RST,
};

struct item {
	enum item_kind kind;
	unsigned int stream;
	bool by_dialler;
	uint64_t ns;
	const uint8_t *bytes;
	uint32_t len;
	struct socklnd_hello hello;
	struct socklnd_ksock ksock;
	struct lnet_hdr hdr;
	const uint8_t *payload;
	unsigned int version; /* of the connection, MSG and NOOP */
};

/* One direction of a connection. */
struct half {
	uint8_t *data;
	uint32_t len, parsed;
	uint32_t base; /* sequence number of data[0] */
	bool based, raw, fin;
	bool requested, greeted; /* request and HELLO were seen, or are not expected */
};

struct stream {
	struct ip_flow flow; /* local = dialler */
	bool has_syn;
	unsigned int version; /* 3 until a reply says otherwise */
	enum socklnd_type type; /* the dialler's */
	struct half half[2]; /* [1]: of the dialler */
};

struct dialog {
	struct pcap pcap[2];
	struct stream stream[DIALOG_STREAMS_MAX];
	unsigned int n_streams;
	struct item *item;
	unsigned int n;
};

/*
 * Recordings of one place, or of two at the same time (@second, else NULL). Aborts on a file that is not there or that
 * it cannot understand.
 */
void dialog_load(struct dialog *d, const char *path, const char *second);
void dialog_free(struct dialog *d);
