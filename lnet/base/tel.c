/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of the telemetry socket. DPDK calls back on a thread of each client; the request is queued for the control
 * thread, and the client's thread waits for its answer. A request is on the heap and belongs to both, since either may
 * be the first to give up: the client's thread after WAIT_S, the control side in tel_destroy().
 */
#include "lnet/base/tel.h"

#include "lnet/base/check.h"
#include "lnet/base/tel_priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define COMMANDS_MAX 128
#define NAME_LEN_MAX 55 /* the telemetry library's own limits */
#define HELP_LEN_MAX 127
#define WAIT_S \
	300 /* longer than any handler keeps a request: a control thread that needs more is stuck */

enum req_state {
	REQ_WAITS, /* nobody has answered yet */
	REQ_ANSWERED,
	REQ_SHUT, /* tel_destroy() came first; what is in it is the handler's still */
};

struct tel_req {
	TAILQ_ENTRY(tel_req) link; /* queued, or pending while a handler has it */
	char cmd[NAME_LEN_MAX + 1];
	struct kv params;
	int params_rc;
	struct tel_out out; /* control's until answered, then the client's */

	/* under the lock */
	enum req_state state;
	unsigned int refs;
	struct tel_reqs *list; /* which one it is on, or NULL */
	pthread_cond_t answered;
};
TAILQ_HEAD(tel_reqs, tel_req);

struct entry {
	struct tel_cmd cmd;
	void *owner; /* NULL: nobody serves it now */
};

struct tel {
	void (*wake)(void *ctx);
	void *ctx;

	/* control */
	struct entry entries[COMMANDS_MAX];
	unsigned int n_entries;

	/* under the lock */
	struct tel_reqs queue; /* from clients */
	struct tel_reqs pending; /* with a handler */
};

/* The one global: DPDK 22.11 callbacks carry no argument. */
static struct tel *instance;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- requests; the lock is held where not said otherwise --- */

/* With a reference for the control side and one for the client's. No lock needed. */
static struct tel_req *
req_new(const char *cmd, const char *params)
{
	struct tel_req *req = calloc(1, sizeof(*req));
	pthread_condattr_t attr;

	if (req == NULL)
		return NULL;
	snprintf(req->cmd, sizeof(req->cmd), "%s", cmd);
	req->params_rc = kv_parse(&req->params, params, ';');
	tel_out_init(&req->out);
	req->refs = 2;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&req->answered, &attr);
	pthread_condattr_destroy(&attr);
	return req;
}

static void
req_put(struct tel_req *req)
{
	if (--req->refs > 0)
		return;
	tel_out_fini(&req->out);
	pthread_cond_destroy(&req->answered);
	free(req);
}

/* The reference of the other side, which will not come; the caller's keeps it alive. */
static void
req_put_other(struct tel_req *req)
{
	CHECK(req->refs == 2);
	req->refs = 1;
}

/* Put it on another list, or none. */
static void
req_move(struct tel_req *req, struct tel_reqs *list)
{
	if (req->list != NULL)
		TAILQ_REMOVE(req->list, req, link);
	req->list = list;
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, req, link);
}

static void
req_end(struct tel_req *req, enum req_state state)
{
	req_move(req, NULL);
	req->state = state;
	pthread_cond_signal(&req->answered);
}

/* --- the client's thread --- */

static int
reply_error(struct rte_tel_data *d, int rc)
{
	rte_tel_data_start_dict(d);
	rte_tel_data_add_dict_int(d, "rc", rc);
	rte_tel_data_add_dict_string(d, "descr", strerror(-rc));
	return 0;
}

/* Return: 0 and a request that waits; -ENODEV. */
static int
enqueue(struct tel_req *req)
{
	struct tel *t = instance;

	if (t == NULL)
		return -ENODEV;
	req_move(req, &t->queue);
	/* under the lock, so that @t is not destroyed meanwhile */
	if (t->wake != NULL)
		t->wake(t->ctx);
	return 0;
}

/* Return: 0 and an answered request, -ESHUTDOWN, -ETIMEDOUT. */
static int
wait_for_answer(struct tel_req *req)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_MONOTONIC, &until); /* token: only bounds a wait */
	until.tv_sec += WAIT_S;
	while (req->state == REQ_WAITS && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&req->answered, &lock, &until);
	if (req->state == REQ_ANSWERED)
		return 0;
	if (req->state == REQ_SHUT)
		return -ESHUTDOWN;
	/* one that was never begun shall not be done behind the client's back */
	if (instance != NULL && req->list == &instance->queue) {
		req_move(req, NULL);
		req_put_other(req);
	}
	return -ETIMEDOUT;
}

static int
callback(const char *cmd, const char *params, struct rte_tel_data *d)
{
	struct tel_req *req = req_new(cmd, params);
	int rc;

	if (req == NULL)
		return reply_error(d, -ENOMEM);
	pthread_mutex_lock(&lock);
	rc = enqueue(req);
	if (rc < 0)
		req_put_other(req); /* the control side never saw it */
	else
		rc = wait_for_answer(req);
	pthread_mutex_unlock(&lock);
	if (rc == 0)
		rc = tel_out_fill(&req->out, d);
	if (rc < 0)
		reply_error(d, rc);
	pthread_mutex_lock(&lock);
	req_put(req);
	pthread_mutex_unlock(&lock);
	return 0;
}

/* --- control --- */

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

void
tel_destroy(struct tel *t)
{
	struct tel_req *req;

	pthread_mutex_lock(&lock);
	instance = NULL;
	while ((req = TAILQ_FIRST(&t->queue)) != NULL) {
		/* req_end() took the last one off the queue: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		req_end(req, REQ_SHUT);
		req_put(req);
	}
	/* a handler has these: its tel_finish() gives its reference back */
	while ((req = TAILQ_FIRST(&t->pending)) != NULL)
		req_end(req, REQ_SHUT);
	pthread_mutex_unlock(&lock);
	free(t);
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

static bool
is_valid(const struct tel_cmd *cmd)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/";
	size_t len = strlen(cmd->name);

	return cmd->name[0] == '/' && len <= NAME_LEN_MAX && strspn(cmd->name, allowed) == len &&
		strlen(cmd->help) <= HELP_LEN_MAX;
}

/* All of @cmds can be registered, as far as can be known before. */
static int
check_table(struct tel *t, const struct tel_cmd *cmds, unsigned int n)
{
	unsigned int i, k, fresh = 0;
	struct entry *e;

	for (i = 0; i < n; i++) {
		if (!is_valid(&cmds[i]))
			return -EINVAL;
		e = find(t, cmds[i].name);
		if (e != NULL && e->owner != NULL)
			return -EEXIST;
		for (k = 0; k < i; k++)
			if (strcmp(cmds[k].name, cmds[i].name) == 0)
				return -EEXIST;
		fresh += e == NULL;
	}
	return t->n_entries + fresh > COMMANDS_MAX ? -ENOMEM : 0;
}

int
tel_register(struct tel *t, const struct tel_cmd *cmds, unsigned int n, void *owner)
{
	int rc = check_table(t, cmds, n);
	struct entry *e;
	unsigned int i;

	CHECK(owner != NULL);
	for (i = 0; i < n && rc == 0; i++) {
		e = find(t, cmds[i].name);
		/* the library cannot forget a command: one that had an owner before is there already */
		if (e == NULL) {
			if (rte_telemetry_register_cmd(cmds[i].name, callback, cmds[i].help) < 0) {
				tel_unregister_owner(t, owner);
				return -ENOMEM;
			}
			e = &t->entries[t->n_entries++];
		}
		e->cmd = cmds[i];
		e->owner = owner;
	}
	return rc;
}

void
tel_unregister_owner(struct tel *t, const void *owner)
{
	unsigned int i;

	for (i = 0; i < t->n_entries; i++)
		if (t->entries[i].owner == owner)
			t->entries[i].owner = NULL;
}

/* Call the handler and answer, unless it keeps the request. */
static int
dispatch(struct tel *t, struct tel_req *req, uint64_t now)
{
	struct entry *e = find(t, req->cmd);
	int rc;

	if (e == NULL || e->owner == NULL)
		rc = tel_fail(req, -ENODEV, "%s: nobody serves this now", req->cmd);
	else if (req->params_rc == -E2BIG)
		rc = tel_fail(req, -E2BIG, "too many or too long parameters");
	else if (req->params_rc < 0)
		rc = tel_fail(req, req->params_rc, "parameters are k=v;k=v, each key once");
	else
		rc = e->cmd.handle(e->owner, &req->params, req, now);
	if (rc != TEL_LATER)
		tel_finish(req, rc);
	return rc;
}

/* The first of the queue, pending from now on: its handler may finish it at any time. */
static struct tel_req *
next_request(struct tel *t)
{
	struct tel_req *req;

	pthread_mutex_lock(&lock);
	req = TAILQ_FIRST(&t->queue);
	if (req != NULL)
		req_move(req, &t->pending);
	pthread_mutex_unlock(&lock);
	return req;
}

unsigned int
tel_run(struct tel *t, uint64_t now)
{
	struct tel_req *req;
	unsigned int n = 0;

	while ((req = next_request(t)) != NULL) {
		dispatch(t, req, now);
		n++;
	}
	return n;
}

int
tel_fail(struct tel_req *req, int rc, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(req->out.descr, sizeof(req->out.descr), fmt, ap);
	va_end(ap);
	return rc;
}

void
tel_finish(struct tel_req *req, int rc)
{
	tel_out_finish(&req->out, rc);
	pthread_mutex_lock(&lock);
	if (req->state == REQ_WAITS)
		req_end(req, REQ_ANSWERED);
	req_put(req);
	pthread_mutex_unlock(&lock);
}

struct tel_out *
tel_out(struct tel_req *req)
{
	return &req->out;
}

int
tel_call(struct tel *t, const char *name, const char *params, char *json_out, unsigned int size,
	 uint64_t now)
{
	struct tel_req *req = req_new(name, params);
	int rc = -EBUSY;

	if (req == NULL) {
		snprintf(json_out, size, "{\"rc\":%d}", -ENOMEM);
		return -ENOMEM;
	}
	pthread_mutex_lock(&lock);
	req_move(req, &t->pending);
	pthread_mutex_unlock(&lock);
	dispatch(t, req, now);
	pthread_mutex_lock(&lock);
	/* our own reference keeps it: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	if (req->state == REQ_ANSWERED) {
		rc = req->out.rc;
		tel_out_json(&req->out, json_out, size);
	} else {
		snprintf(json_out, size, "{\"rc\":%d,\"descr\":\"answered later\"}", rc);
	}
	req_put(req);
	pthread_mutex_unlock(&lock);
	return rc;
}
