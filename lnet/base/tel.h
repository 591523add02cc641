/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DPDK telemetry socket as the control plane. Modules list their commands in tables; a request is handed from
 * DPDK's client thread to the control thread, handled there, and its reply handed back, so that handlers need no lock.
 * A handler may keep the request and answer later (a ping waits for its reply).
 *
 * Reply shapes: every reply is a dict with "rc" (0 or -errno) and, on failure, "descr"; data lies beside them.
 * Lists of objects are dicts keyed "0", "1", ... (22.11 has no arrays of dicts). Keys are [A-Za-z0-9_].
 * Limits of the socket and why: spec of the control plane; 16 KiB a reply, so lists are paged: the handler writes
 * "next" (0 = last page) and is asked again with off=.
 */
#pragma once

#include "lnet/base/kv.h"

#include <stdbool.h>
#include <stdint.h>

struct tel_req;
struct tel_out;

struct tel_cmd {
	const char *name; /* "/lnet/net/add" */
	/*
	 * @params	parsed parameters, valid until the request is finished
	 * Thread: control. Return: 0 or -errno, reported as "rc" with the text of tel_fail() or strerror;
	 * TEL_LATER: the handler keeps @req and will call tel_finish().
	 */
	int (*handle)(void *owner, struct kv *params, struct tel_req *req, uint64_t now);
	const char *help; /* parameters and meaning, < 128 characters */
};

#define TEL_LATER 1

struct tel;

/*
 * One per process: DPDK 22.11 callbacks carry no argument.
 * @wake	wakes the control thread; any thread
 * Thread: control. Return: 0, -ENOMEM, -EEXIST.
 */
int tel_create(void (*wake)(void *ctx), void *ctx, struct tel **telp);

/*
 * Requests that still wait are answered with -ESHUTDOWN. One that a handler keeps has to be finished nevertheless, now
 * or later; nobody hears it any more. Thread: control.
 */
void tel_destroy(struct tel *t);

/*
 * Register @n commands of @owner. A name that exists is refused. Registering again after tel_unregister_owner() works.
 * Thread: control. Return: 0, -EEXIST, -EINVAL (name or help too long), -ENOMEM.
 */
int tel_register(struct tel *t, const struct tel_cmd *cmds, unsigned int n, void *owner);

/* Its commands answer -ENODEV from now on. Thread: control. */
void tel_unregister_owner(struct tel *t, const void *owner);

/* Handle the requests that wait. Thread: control. Return: how many. */
unsigned int tel_run(struct tel *t, uint64_t now);

/* Text for "descr" of a failure; returns @rc, so that a handler says: return tel_fail(req, -EEXIST, "..."); */
int tel_fail(struct tel_req *req, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Answer a request that was kept; @req is gone afterwards. Thread: control. */
void tel_finish(struct tel_req *req, int rc);

/* Where the reply of @req is written. */
struct tel_out *tel_out(struct tel_req *req);

/*
 * Write into the current dict. Texts are cut at the socket's 127 characters; bytes that are not printable ASCII become
 * '?', and in keys '_'. An integer below -2^31 becomes a text: 22.11 has no such type.
 * No memory makes the reply -ENOMEM; one that the socket would cut (256 entries in a dict, 16 KiB) -EMSGSIZE.
 */
void tel_int(struct tel_out *o, const char *key, int64_t v);
void tel_u64(struct tel_out *o, const char *key, uint64_t v);
void tel_str(struct tel_out *o, const char *key, const char *text);
void tel_strf(struct tel_out *o, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A dict under @key: what is written until the matching tel_end() goes into it. Depth at most 8. */
void tel_begin(struct tel_out *o, const char *key);
/* The same with the key printed from a number: an item of a list. */
void tel_begin_item(struct tel_out *o, unsigned int index);
void tel_end(struct tel_out *o);

/*
 * Estimated size of the reply so far, bytes; a handler that lists stops at TEL_PAGE and writes "next".
 */
unsigned int tel_size(const struct tel_out *o);
#define TEL_PAGE 12000

/*
 * Run one command without the socket, for tests and for start-up scripts: the same path as a client.
 * @json_out (@size bytes) gets the reply, {"rc":0,...}. Thread: control. Return: rc of the command; TEL_LATER is
 * answered -EBUSY, and what the handler says later is thrown away.
 */
int tel_call(struct tel *t, const char *name, const char *params, char *json_out, unsigned int size,
	     uint64_t now);
