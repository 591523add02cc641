/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of the telemetry socket. DPDK calls back on a thread of each client; the request is queued for the control
 * thread, and the client's thread waits for its answer. It waits as long as it takes: a request is always answered, at
 * the latest by tel_destroy().
 */
#include "lnet/base/tel.h"

#include "lnet/base/tel_priv.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define COMMANDS_MAX 128
#define DESCR_MAX 240

struct tel_req {
	TAILQ_ENTRY(tel_req) link; /* queued, or pending after TEL_LATER */
	struct tel *tel;
	const char *cmd; /* client thread's, which waits */
	const char *params;
	struct tel_out out;
	char descr[DESCR_MAX];
	bool orphan; /* of tel_call(), which did not wait: finishing it frees it */
	sem_t done;
};
TAILQ_HEAD(tel_reqs, tel_req);

struct entry {
	struct tel_cmd cmd;
	void *owner; /* NULL: nobody serves it now */
};

struct tel {
	void (*wake)(void *ctx);
	void *ctx;
	struct entry entries[COMMANDS_MAX]; /* control thread */
	unsigned int n_entries;
	struct tel_reqs pending; /* control thread: handlers kept them */
	struct tel_reqs queue; /* under the lock */
};

/* The one global: DPDK 22.11 callbacks carry no argument. Both under the lock. */
static struct tel *instance;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int
tel_create(void (*wake)(void *ctx), void *ctx, struct tel **telp)
{
	struct tel *t = calloc(1, sizeof(*t));
	bool taken;

	if (t == NULL)
		return -ENOMEM;
	t->wake = wake;
	t->ctx = ctx;
	TAILQ_INIT(&t->pending);
	TAILQ_INIT(&t->queue);
	pthread_mutex_lock(&lock);
	taken = instance != NULL;
	if (!taken)
		instance = t;
	pthread_mutex_unlock(&lock);
	if (taken) {
		free(t);
		return -EEXIST;
	}
	*telp = t;
	return 0;
}

static void
req_free(struct tel_req *req)
{
	tel_out_fini(&req->out);
	sem_destroy(&req->done);
	free(req);
}

/* Write rc and descr, and let the client's thread go on; @req is its own and gone after this. */
static void
answer(struct tel_req *req, int rc)
{
	if (req->out.rc < 0)
		rc = req->out.rc;
	if (rc < 0 && req->descr[0] == '\0')
		snprintf(req->descr, sizeof(req->descr), "%s", strerror(-rc));
	while (req->out.depth > 0)
		tel_end(&req->out);
	tel_int(&req->out, "rc", rc);
	if (rc < 0)
		tel_str(&req->out, "descr", req->descr);
	if (!req->orphan) {
		sem_post(&req->done);
		return;
	}
	req_free(req);
}

void
tel_destroy(struct tel *t)
{
	struct tel_req *req;

	pthread_mutex_lock(&lock);
	instance = NULL;
	TAILQ_CONCAT(&t->pending, &t->queue, link);
	pthread_mutex_unlock(&lock);
	while ((req = TAILQ_FIRST(&t->pending)) != NULL) {
		TAILQ_REMOVE(&t->pending, req, link);
		answer(req, -ESHUTDOWN);
	}
	free(t);
}

static int
callback(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct tel_req req = {.cmd = cmd, .params = params};
	struct tel *t;

	tel_out_init(&req.out);
	sem_init(&req.done, 0, 0);
	pthread_mutex_lock(&lock);
	t = instance;
	if (t != NULL) {
		req.tel = t;
		TAILQ_INSERT_TAIL(&t->queue, &req, link);
		/* under the lock: tel_destroy() must not free @t before it was used */
		t->wake(t->ctx);
	}
	pthread_mutex_unlock(&lock);
	if (t == NULL)
		answer(&req, -ENODEV);
	while (sem_wait(&req.done) < 0)
		;
	rte_tel_data_start_dict(d);
	if (req.out.root == NULL || tel_out_fill(&req.out, d) < 0) {
		/* what does not fit is not half-told */
		rte_tel_data_start_dict(d);
		rte_tel_data_add_dict_int(d, "rc", -EMSGSIZE);
		rte_tel_data_add_dict_string(d, "descr", "the reply does not fit");
	}
	tel_out_fini(&req.out);
	sem_destroy(&req.done);
	return 0;
}

static struct entry *
find(struct tel *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n_entries; i++)
		if (strcmp(t->entries[i].cmd.name, name) == 0)
			return &t->entries[i];
	return NULL;
}

int
tel_register(struct tel *t, const struct tel_cmd *cmds, unsigned int n, void *owner)
{
	struct entry *e;
	unsigned int i;

	for (i = 0; i < n; i++) {
		e = find(t, cmds[i].name);
		if (e != NULL && e->owner != NULL)
			return -EEXIST;
		if (e == NULL) {
			if (t->n_entries == COMMANDS_MAX)
				return -ENOMEM;
			if (rte_telemetry_register_cmd(cmds[i].name, callback, cmds[i].help) < 0)
				return -EINVAL;
			e = &t->entries[t->n_entries++];
		}
		e->cmd = cmds[i];
		e->owner = owner;
	}
	return 0;
}

void
tel_unregister_owner(struct tel *t, const void *owner)
{
	unsigned int i;

	for (i = 0; i < t->n_entries; i++)
		if (t->entries[i].owner == owner)
			t->entries[i].owner = NULL;
}

static int
handle(struct tel *t, struct tel_req *req, uint64_t now)
{
	struct entry *e = find(t, req->cmd);
	struct kv params;
	int rc;

	if (e == NULL || e->owner == NULL)
		return tel_fail(req, -ENODEV, "%s: nobody serves this now", req->cmd);
	rc = kv_parse(&params, req->params, ';');
	if (rc < 0)
		return tel_fail(req, rc, "parameters are k=v;k=v, each key once");
	return e->cmd.handle(e->owner, &params, req, now);
}

static struct tel_req *
next_request(struct tel *t)
{
	struct tel_req *req;

	pthread_mutex_lock(&lock);
	req = TAILQ_FIRST(&t->queue);
	if (req != NULL)
		TAILQ_REMOVE(&t->queue, req, link);
	pthread_mutex_unlock(&lock);
	return req;
}

unsigned int
tel_run(struct tel *t, uint64_t now)
{
	struct tel_req *req;
	unsigned int n = 0;
	int rc;

	while ((req = next_request(t)) != NULL) {
		/* before the handler: it may finish the request itself */
		TAILQ_INSERT_TAIL(&t->pending, req, link);
		rc = handle(t, req, now);
		if (rc != TEL_LATER)
			tel_finish(req, rc);
		n++;
	}
	return n;
}

int
tel_fail(struct tel_req *req, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(req->descr, sizeof(req->descr), fmt, ap);
	va_end(ap);
	return rc;
}

void
tel_finish(struct tel_req *req, int rc)
{
	TAILQ_REMOVE(&req->tel->pending, req, link);
	answer(req, rc);
}

struct tel_out *
tel_out(struct tel_req *req)
{
	return &req->out;
}

int
tel_call(struct tel *t, const char *name, const char *params, char *json_out, unsigned int size, uint64_t now)
{
	struct tel_req *req = calloc(1, sizeof(*req));
	int rc;

	if (req == NULL)
		return -ENOMEM;
	*req = (struct tel_req){.cmd = name, .params = params, .tel = t};
	tel_out_init(&req->out);
	sem_init(&req->done, 0, 0);
	TAILQ_INSERT_TAIL(&t->pending, req, link);
	rc = handle(t, req, now);
	if (rc == TEL_LATER) {
		req->orphan = true;
		return -EBUSY;
	}
	tel_finish(req, rc);
	tel_out_json(&req->out, json_out, size);
	req_free(req);
	return rc;
}
