/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A raw connection that does one thing wrong. What a real node answers is known; anything else
 * fails the probe.
 */
#include "command.h"
#include "handshake.h"
#include "loop.h"
#include "pattern.h"
#include "sock.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 256
#define GARBAGE_LEN 64
#define LIMIT_S 20 /* a silent connection is closed after 5 s */

enum ending {
	END_NONE,
	END_FIN,
	END_RESET
};

struct probe_run {
	const struct options *opt;
	int fd;
	uint8_t answer[ANSWER_MAX];
	size_t len;
	enum ending ending;
	uint64_t started;
	uint64_t ended;
};

static const char *
probe_name(enum probe p)
{
	static const char *const names[] = {
		[PROBE_NONE] = "none",
		[PROBE_VERSION5] = "version5",
		[PROBE_GARBAGE_CONNREQ] = "garbage-connreq",
		[PROBE_GARBAGE_HELLO] = "garbage-hello",
		[PROBE_GARBAGE_MESSAGE] = "garbage-message",
		[PROBE_CONNREQ_VERSION3] = "connreq-version3",
		[PROBE_WRONG_NID] = "wrong-nid",
		[PROBE_SILENT] = "silent",
		[PROBE_UNPRIVILEGED] = "unprivileged",
	};

	return names[p];
}

static int
connect_now(struct probe_run *r)
{
	const struct options *opt = r->opt;
	struct pollfd p = {.events = POLLOUT};

	r->fd = sock_dial(&opt->nid, &opt->target, opt->port, 0, opt->probe != PROBE_UNPRIVILEGED);
	if (r->fd < 0)
		return r->fd;
	p.fd = r->fd;
	if (poll(&p, 1, LIMIT_S * 1000) != 1)
		return -ETIMEDOUT;
	return sock_error(r->fd);
}

/* A good request, a bad one, or none. */
static size_t
make_request(const struct options *opt, uint8_t *buf)
{
	struct nid target = opt->target;
	size_t len;

	if (opt->probe == PROBE_SILENT)
		return 0;
	if (opt->probe == PROBE_GARBAGE_CONNREQ) {
		pattern_fill(opt->probe, 0, buf, GARBAGE_LEN);
		return GARBAGE_LEN;
	}
	if (opt->probe == PROBE_WRONG_NID)
		target.addr[nid_is_small(&target) ? 3 : 15] ^= 0x55;
	len = connreq_encode(buf, &target, opt->big_endian);
	if (opt->probe == PROBE_CONNREQ_VERSION3)
		buf[opt->big_endian ? 7 : 4] = 3;
	return len;
}

static size_t
make_hello(const struct options *opt, uint8_t *buf)
{
	uint32_t version = nid_is_small(&opt->nid) ? 3 : 4;
	struct hello h = hello_dial(&opt->nid, &opt->target, 1, version, CONN_CONTROL);
	size_t len;

	switch (opt->probe) {
	case PROBE_VERSION5:
		h.version = 5;
		return hello_encode(buf, &h, opt->big_endian);
	case PROBE_GARBAGE_HELLO:
		pattern_fill(opt->probe, 0, buf, GARBAGE_LEN);
		return GARBAGE_LEN;
	case PROBE_GARBAGE_MESSAGE:
		len = hello_encode(buf, &h, opt->big_endian);
		pattern_fill(opt->probe, 0, buf + len, GARBAGE_LEN);
		return len + GARBAGE_LEN;
	case PROBE_UNPRIVILEGED:
		return hello_encode(buf, &h, opt->big_endian);
	default:
		return 0;
	}
}

/* Read until the other end closes or the limit has passed. Data that came before a reset counts. */
static void
read_answer(struct probe_run *r)
{
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	uint64_t limit = r->started + LIMIT_S * NSEC_PER_SEC;
	ssize_t n;

	while (clock_ns() < limit) {
		if (poll(&p, 1, 100) == 0)
			continue;
		n = recv(r->fd, r->answer + r->len, ANSWER_MAX - r->len, 0);
		r->ended = clock_ns();
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n > 0 && r->len + (size_t)n < ANSWER_MAX) {
			r->len += (size_t)n;
			continue;
		}
		r->ending = n == 0 ? END_FIN : n < 0 ? END_RESET : END_NONE;
		return;
	}
}

/*
 * The answer to an unknown HELLO version: the target's own version, type NONE, itself as source and
 * destination.
 */
static bool
is_version_answer(const struct probe_run *r)
{
	const struct nid *target = &r->opt->target;
	struct hello h;
	bool big_endian;
	int used = hello_decode(r->answer, r->len, &h, &big_endian);

	return used > 0 && (size_t)used == r->len && h.version == (nid_is_small(target) ? 3 : 4) &&
		h.type == CONN_NONE && nid_equal(&h.src, target) && nid_equal(&h.dst, target) &&
		h.src_pid == LNET_PID && h.src_incarnation != 0 && h.dst_pid == 0 &&
		h.dst_incarnation == 0;
}

/* The answer to an unknown request version: a version 1 request with NID 0. */
static bool
is_request_answer(const struct probe_run *r)
{
	struct nid nid, zero = {.size = 0};

	return r->len == 16 && connreq_decode(r->answer, r->len, &nid) == 16 &&
		nid_equal(&nid, &zero);
}

/* An ordinary answer to our HELLO, nothing behind it. */
static bool
is_hello_answer(const struct probe_run *r)
{
	struct hello h;
	bool big_endian;
	int used = hello_decode(r->answer, r->len, &h, &big_endian);

	return used > 0 && (size_t)used == r->len && h.type == CONN_CONTROL &&
		nid_equal(&h.src, &r->opt->target);
}

static bool
is_as_expected(const struct probe_run *r)
{
	uint64_t ms = (r->ended - r->started) / NSEC_PER_MSEC;

	if (r->ending == END_NONE)
		return false;
	switch (r->opt->probe) {
	case PROBE_VERSION5:
		return is_version_answer(r);
	case PROBE_CONNREQ_VERSION3:
		return is_request_answer(r);
	case PROBE_GARBAGE_MESSAGE:
		return is_hello_answer(r);
	case PROBE_SILENT:
		return r->len == 0 && ms >= 1000;
	default:
		return r->len == 0;
	}
}

static void
probe_report(const struct probe_run *r, bool ok, int err)
{
	static const char *const endings[] = {"none", "fin", "reset"};
	char text[NID_TEXT_MAX];
	size_t i;

	printf("{\"command\":\"probe\",\"what\":\"%s\",\"target\":\"%s\",\"ok\":%s,",
	       probe_name(r->opt->probe), nid_text(&r->opt->target, text), ok ? "true" : "false");
	if (err < 0)
		printf("\"error\":\"%s\",", strerrorname_np(-err));
	printf("\"ending\":\"%s\",\"ms\":%.3f,\"answer\":\"", endings[r->ending],
	       r->ended > r->started ? (double)(r->ended - r->started) / 1e6 : 0);
	for (i = 0; i < r->len; i++)
		printf("%02x", r->answer[i]);
	puts("\"}");
}

int
probe_run(const struct options *opt)
{
	struct probe_run r = {.opt = opt, .fd = -1};
	uint8_t request[GARBAGE_LEN], hello[HELLO_MAX + GARBAGE_LEN];
	bool ok = false;
	int err;

	err = opt->probe == PROBE_NONE ? -EINVAL : connect_now(&r);
	r.started = clock_ns();
	if (err == 0)
		err = sock_write_all(r.fd, request, make_request(opt, request), opt->split);
	if (err == -ECONNRESET || err == -EPIPE) {
		/* it was refused before our first byte was on its way */
		r.ending = END_RESET;
		r.ended = clock_ns();
		ok = is_as_expected(&r);
		err = 0;
	} else if (err == 0) {
		/*
		 * closing a bad request at once may fail the second write: what counts is the
		 * answer
		 */
		sock_write_all(r.fd, hello, make_hello(opt, hello), opt->split);
		read_answer(&r);
		ok = is_as_expected(&r);
	}
	probe_report(&r, ok, err);
	if (r.fd >= 0)
		close(r.fd);
	return ok ? EXIT_GOOD : EXIT_BAD;
}
