/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packet capture: workers copy frames of one port or interface into a bounded pool, the control thread writes them to
 * a pcapng file. A capture that cannot keep up loses frames, counted; it never slows a worker down.
 */
#include "drivers/ether/ether_priv.h"
#include "drivers/ether/pcapng.h"
#include "lnet/base/pool.h"
#include "lnet/base/tel.h"

#define LOG_TYPE LOG_T_ETHER
#include "lnet/base/log.h"

#include <rte_mbuf.h>
#include <rte_ring.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY (4u << 20) /* bytes of frames that wait to be written */
#define L2_MAX (RTE_ETHER_HDR_LEN + 4)
#define WRITE_BURST 64
#define PATH_MAX_ 512
#define MAX_BYTES_DEFAULT (INT64_C(1) << 30)

/* One copied frame, on its way from a worker to the file. */
struct captured {
	uint64_t wall; /* ns since 1970 */
	uint32_t len, original;
	bool inbound;
	uint8_t bytes[];
};

struct capture {
	/* const while it runs */
	const struct ether_port *port;
	int vlan; /* of the interface; -1: the whole port */
	uint32_t snaplen;
	uint64_t wall_offset; /* wall clock less the workers' clock, ns */
	struct pool *pool;
	struct rte_ring *ring;

	/* control */
	FILE *file;
	char path[PATH_MAX_];
	bool running; /* workers copy */
	int error; /* first failure to write, errno */
	uint64_t packets, bytes, max_packets, max_bytes;

	/* workers; relaxed */
	_Atomic uint64_t dropped;
};

/* --- workers --- */

static int
frame_vlan(const struct rte_mbuf *m)
{
	uint8_t bytes[L2_MAX];
	const uint8_t *p;

	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		return m->vlan_tci & 0xfff;
	p = rte_pktmbuf_read(m, 0, L2_MAX, bytes);
	if (p == NULL || get_be16(p + 12) != RTE_ETHER_TYPE_VLAN)
		return 0;
	return get_be16(p + 14) & 0xfff;
}

/* Copy the frame, with the tag back in its place where the port took it out. Return: bytes. */
static uint32_t
copy_frame(const struct rte_mbuf *m, uint8_t *to, uint32_t room)
{
	bool stripped = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED;
	uint32_t tag = stripped ? 4 : 0, n = RTE_MIN(m->pkt_len, room - tag);
	const void *data;

	data = rte_pktmbuf_read(m, 0, n, to);
	if (data != to)
		memcpy(to, data, n);
	if (!stripped || n < 12)
		return n;
	memmove(to + 16, to + 12, n - 12);
	put_be16(to + 12, RTE_ETHER_TYPE_VLAN);
	put_be16(to + 14, m->vlan_tci);
	return n + tag;
}

void
ether_capture_frame(struct ether_lcore *el, const struct ether_port *p, const struct rte_mbuf *m,
		    enum capture_direction dir)
{
	struct capture *c = el->capture;
	struct captured *f;

	if (c->port != p || (c->vlan >= 0 && frame_vlan(m) != c->vlan))
		return;
	f = pool_get(c->pool);
	if (f == NULL) {
		atomic_fetch_add_explicit(&c->dropped, 1, memory_order_relaxed);
		return;
	}
	f->wall = el->now + c->wall_offset;
	f->original = m->pkt_len;
	f->inbound = dir == CAPTURE_IN;
	f->len = copy_frame(m, f->bytes, c->snaplen);
	f->original = RTE_MAX(f->original, f->len);
	if (rte_ring_enqueue(c->ring, f) != 0) {
		pool_put(c->pool, f);
		atomic_fetch_add_explicit(&c->dropped, 1, memory_order_relaxed);
	}
}

static int
set_capture(struct lcore *lc, void *arg, uint64_t now)
{
	struct ether *e = ((void **)arg)[0];

	(void)now;
	e->workers[lc->index]->capture = ((void **)arg)[1];
	return 0;
}

/* After it no worker uses another capture than @c. */
static void
set_on_workers(struct ether *e, struct capture *c)
{
	void *arg[2] = {e, c};
	unsigned int w;

	for (w = 0; w < e->n_workers; w++)
		lcore_call(e->workers[w]->lc, set_capture, arg);
}

/* --- control: the file --- */

static void
write_bytes(struct capture *c, const void *p, size_t len)
{
	if (c->error == 0 && fwrite(p, 1, len, c->file) != len)
		c->error = errno != 0 ? errno : EIO;
}

static void
write_frame(struct capture *c, const struct captured *f)
{
	uint8_t head[PCAPNG_BLOCK_MAX], tail[PCAPNG_BLOCK_MAX];
	size_t head_len, tail_len;

	head_len = pcapng_packet(head, tail, &tail_len, f->wall, f->len, f->original, f->inbound);
	write_bytes(c, head, head_len);
	write_bytes(c, f->bytes, f->len);
	write_bytes(c, tail, tail_len);
	if (c->error == 0) {
		c->packets++;
		c->bytes += f->len;
	}
}

static bool
is_full(const struct capture *c)
{
	return c->error != 0 || c->packets >= c->max_packets || c->bytes >= c->max_bytes;
}

static void
drain(struct capture *c)
{
	void *frames[WRITE_BURST];
	unsigned int i, n;

	do {
		n = rte_ring_dequeue_burst(c->ring, frames, WRITE_BURST, NULL);
		for (i = 0; i < n; i++) {
			if (!is_full(c))
				write_frame(c, frames[i]);
			pool_put(c->pool, frames[i]);
		}
	} while (n > 0);
}

/* The workers let go of it; what they copied is written; the file is closed. */
static void
halt(struct ether *e, struct capture *c)
{
	if (!c->running)
		return;
	c->running = false;
	set_on_workers(e, NULL);
	drain(c);
	if (fclose(c->file) != 0 && c->error == 0)
		c->error = errno;
	c->file = NULL;
	LOG(NOTICE, "capture to %s: ended with %llu packets%s%s", c->path,
	    (unsigned long long)c->packets, c->error != 0 ? ": " : "",
	    c->error != 0 ? strerror(c->error) : "");
}

static void
destroy(struct capture *c)
{
	if (c->file != NULL)
		fclose(c->file);
	rte_ring_free(c->ring);
	pool_destroy(c->pool);
	free(c);
}

void
ether_capture_control(struct ether *e)
{
	struct capture *c = e->capture;

	if (c == NULL || !c->running)
		return;
	drain(c);
	if (is_full(c))
		halt(e, c);
}

void
ether_capture_abort(struct ether *e)
{
	if (e->capture == NULL)
		return;
	halt(e, e->capture);
	destroy(e->capture);
	e->capture = NULL;
}

/* --- control: commands --- */

/* The frames' memory. Return: 0, -ENOMEM. */
static int
make_memory(struct capture *c)
{
	unsigned int count = MEMORY / (unsigned int)(sizeof(struct captured) + c->snaplen);
	int rc;

	rc = pool_create("ether_capture", count, sizeof(struct captured) + c->snaplen, -1,
			 &c->pool);
	if (rc < 0)
		return -ENOMEM;
	c->ring = rte_ring_create("ether_capture", rte_align32pow2(count + 1), SOCKET_ID_ANY,
				  RING_F_SC_DEQ);
	return c->ring == NULL ? -ENOMEM : 0;
}

static int
open_file(struct capture *c, uint64_t now)
{
	uint8_t block[PCAPNG_BLOCK_MAX];
	int fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || (c->file = fdopen(fd, "w")) == NULL) {
		close(fd);
		return -EIO;
	}
	/* this layer has no clock but what it is told; the file system knows when the file was made */
	c->wall_offset = (uint64_t)st.st_ctim.tv_sec * UINT64_C(1000000000) +
		(uint64_t)st.st_ctim.tv_nsec - now;
	write_bytes(c, block, pcapng_section(block));
	write_bytes(c, block, pcapng_interface(block, c->port->name, c->snaplen));
	return -c->error;
}

/* Port and VLAN from port= or iface=. */
static int
choose(struct ether *e, struct kv *params, struct capture *c, struct tel_req *req)
{
	const char *port = kv_get(params, "port"), *iface = kv_get(params, "iface");
	unsigned int i;

	if ((port == NULL) == (iface == NULL))
		return tel_fail(req, -EINVAL, "either port= or iface= is needed");
	for (i = 0; port != NULL && i < e->n_ports; i++) {
		if (strcmp(e->ports[i]->name, port) == 0) {
			c->port = e->ports[i];
			c->vlan = -1;
			return 0;
		}
	}
	for (i = 0; iface != NULL && i < e->n_ifaces; i++) {
		if (strcmp(e->ifaces[i]->conf.name, iface) == 0) {
			c->port = e->ifaces[i]->port;
			c->vlan = e->ifaces[i]->vlan;
			return 0;
		}
	}
	return tel_fail(req, -ENODEV, "no such port or interface: %s", port != NULL ? port : iface);
}

static int
read_params(struct ether *e, struct kv *params, struct capture *c, struct tel_req *req)
{
	int64_t max_bytes = MAX_BYTES_DEFAULT, max_packets = INT64_MAX;
	const char *path = kv_get(params, "path");
	int rc = choose(e, params, c, req);

	if (rc < 0)
		return rc;
	if (path == NULL || path[0] != '/' || strlen(path) >= sizeof(c->path))
		return tel_fail(req, -EINVAL, "path= has to be an absolute path");
	if (kv_get_int(params, "max_bytes", 1, INT64_MAX, &max_bytes) < 0 ||
	    kv_get_int(params, "max_packets", 1, INT64_MAX, &max_packets) < 0)
		return tel_fail(req, -EINVAL, "max_bytes= and max_packets= are numbers from 1");
	if (kv_unknown(params) != NULL)
		return tel_fail(req, -EINVAL, "unknown parameter: %s", kv_unknown(params));
	snprintf(c->path, sizeof(c->path), "%s", path);
	c->max_bytes = (uint64_t)max_bytes;
	c->max_packets = (uint64_t)max_packets;
	return 0;
}

int
ether_capture_start_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct capture *c;
	int rc;

	if (e->capture != NULL)
		return tel_fail(req, -EBUSY, "a capture to %s is there: stop it first",
				e->capture->path);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return -ENOMEM;
	rc = read_params(e, params, c, req);
	if (rc == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): read_params() has set it */
		c->snaplen = c->port->mtu + L2_MAX;
		rc = make_memory(c);
		if (rc == 0)
			rc = open_file(c, now);
		if (rc < 0)
			tel_fail(req, rc, "capture to %s: %s", c->path, strerror(-rc));
	}
	if (rc < 0) {
		destroy(c);
		return rc;
	}
	c->running = true;
	e->capture = c;
	set_on_workers(e, c);
	LOG(NOTICE, "capture to %s: started on port %s", c->path, c->port->name);
	return 0;
}

int
ether_capture_stop_cmd(void *owner, struct kv *params, struct tel_req *req, uint64_t now)
{
	struct ether *e = owner;
	struct capture *c = e->capture;
	struct tel_out *o = tel_out(req);
	int rc;

	(void)params;
	(void)now;
	if (c == NULL)
		return tel_fail(req, -ENOENT, "no capture runs");
	halt(e, c);
	tel_u64(o, "packets", c->packets);
	tel_u64(o, "bytes", c->bytes);
	tel_u64(o, "dropped", atomic_load_explicit(&c->dropped, memory_order_relaxed));
	rc = -c->error;
	destroy(c);
	e->capture = NULL;
	return rc < 0 ? tel_fail(req, rc, "the file is not complete: %s", strerror(-rc)) : 0;
}
