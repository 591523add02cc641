/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_nodes: the nodes A and B on both sides of a router, in one process, polled by the main thread. Commands come on stdin,
 * one a line; each is answered by one line of JSON on stdout.
 *	run SIZE WINDOW MS	PUTs of SIZE bytes from A to B, WINDOW outstanding, for MS milliseconds
 *	limit SIZE MS		plain frames from A's port to B's port
 *	link			are both links up?
 *	quit
 */
#include "app/router/clock.h"
#include "bench/limit.h"
#include "bench/load.h"
#include "bench/pattern.h"
#include "drivers/ether/ether.h"

#include <rte_eal.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES 2
#define MS UINT64_C(1000000)
#define CONTROL_NS (100 * MS)
#define COMMAND_NS (1 * MS)
#define DETACH_NS (500 * MS)
#define LINE 256

struct bench {
	struct clock clock;
	struct buf_mem mem;
	struct node nodes[NODES]; /* A, B */
	struct pattern *pattern;
	struct load load;
	bool is_running; /* a load */
	bool quit;
	uint64_t next_control, next_command;
	char line[LINE]; /* of stdin, as far as it has come */
	size_t n_line;
};

static void
print_run(const struct bench *b)
{
	const struct load *l = &b->load;
	const struct load_errors *e = &l->errors;
	const struct lnet_cpt *c;
	unsigned int i;

	printf("{\"size\":%u,\"window\":%u,\"messages\":%" PRIu64 ",\"seconds\":%.6f,"
	       "\"checked_whole\":%" PRIu64 ",\"failures\":%" PRIu64
	       ",\"errors\":{\"length\":%" PRIu64 ",\"payload\":%" PRIu64 ",\"unexpected\":%" PRIu64
	       ",\"ack\":%" PRIu64 ",\"not_sent\":%" PRIu64 ",\"lost\":%" PRIu64 "},\"nodes\":[",
	       l->size, l->window, l->acked, (double)(l->last_ack - l->started) / 1e9,
	       l->checked_whole, load_failures(l), e->length, e->payload, e->unexpected, e->ack,
	       e->not_sent, e->lost);
	for (i = 0; i < NODES; i++) {
		c = &b->nodes[i].core;
		printf("%s{\"send_failed\":%" PRIu64 ",\"recv_failed\":%" PRIu64
		       ",\"strange\":%" PRIu64 ",\"no_msg\":%" PRIu64 ",\"peer_down\":%" PRIu64 "}",
		       i > 0 ? "," : "", c->send_failed, c->recv_failed, c->strange, c->no_msg,
		       c->peer_down);
	}
	printf("]}\n");
}

static void
complain(const char *what, int rc)
{
	printf("{\"error\":\"%s: %s\"}\n", what, strerror(-rc));
}

static void
do_limit(struct bench *b, uint32_t size, uint64_t ms)
{
	struct limit_result r = {0};
	uint16_t ports[NODES];
	int rc;

	if (rte_eth_dev_get_port_by_name("net_vhost0", &ports[0]) < 0 ||
	    rte_eth_dev_get_port_by_name("net_vhost1", &ports[1]) < 0) {
		complain("ports", -ENODEV);
		return;
	}
	rc = limit_run(ports[0], ports[1], &b->mem, &b->clock, size, ms * MS, &r);
	if (rc < 0)
		complain("limit", rc);
	else
		printf("{\"size\":%u,\"sent\":%" PRIu64 ",\"received\":%" PRIu64
		       ",\"seconds\":%.6f}\n",
		       size, r.sent, r.received, (double)r.ns / 1e9);
}

static bool
links_up(const struct bench *b)
{
	struct ether_iface_info info;
	unsigned int i;

	for (i = 0; i < NODES; i++)
		if (ether_iface_get(b->nodes[i].stack.ether, 0, &info) < 0 || !info.link_up)
			return false;
	return true;
}

static void
obey(struct bench *b, const char *line)
{
	unsigned int size, window, ms;
	int rc;

	if (sscanf(line, "run %u %u %u", &size, &window, &ms) == 3) {
		rc = load_start(&b->load, size, window, ms * MS, clock_now(&b->clock));
		b->is_running = rc == 0;
		if (rc < 0)
			complain(line, rc);
	} else if (sscanf(line, "limit %u %u", &size, &ms) == 2) {
		do_limit(b, size, ms);
	} else if (strcmp(line, "link") == 0) {
		printf("{\"up\":%s}\n", links_up(b) ? "true" : "false");
	} else if (strcmp(line, "quit") == 0) {
		b->quit = true;
	} else {
		complain(line, -EINVAL);
	}
	fflush(stdout);
}

/* Lines that are complete. The end of stdin is the end of the program. */
static void
read_commands(struct bench *b)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char *end;
	ssize_t n;

	if (poll(&p, 1, 0) <= 0)
		return;
	n = read(STDIN_FILENO, b->line + b->n_line, LINE - 1 - b->n_line);
	if (n <= 0) {
		b->quit = true;
		return;
	}
	b->n_line += (size_t)n;
	b->line[b->n_line] = '\0';
	while ((end = strchr(b->line, '\n')) != NULL) {
		*end = '\0';
		obey(b, b->line);
		b->n_line -= (size_t)(end + 1 - b->line);
		memmove(b->line, end + 1, b->n_line + 1);
	}
}

static void
poll_round(struct bench *b, uint64_t now)
{
	unsigned int i;

	for (i = 0; i < NODES; i++)
		node_poll(&b->nodes[i], now);
	if (now < b->next_control)
		return;
	b->next_control = now + CONTROL_NS;
	for (i = 0; i < NODES; i++)
		node_control(&b->nodes[i], now);
}

static void
loop(struct bench *b)
{
	uint64_t now;

	while (!b->quit) {
		now = clock_now(&b->clock);
		poll_round(b, now);
		if (b->is_running && !load_poll(&b->load, now)) {
			b->is_running = false;
			print_run(b);
			fflush(stdout);
		}
		if (!b->is_running && now >= b->next_command) {
			b->next_command = now + COMMAND_NS;
			read_commands(b);
		}
	}
}

static void
detach(struct bench *b)
{
	uint64_t now = clock_now(&b->clock), end = now + DETACH_NS;
	unsigned int i, alive;

	do {
		now = clock_now(&b->clock);
		poll_round(b, now);
		for (alive = 0, i = 0; i < NODES; i++)
			alive += node_detach(&b->nodes[i], now);
	} while (alive > 0 && now < end);
}

static int
start_nodes(struct bench *b, uint16_t mtu, unsigned int mbufs, unsigned int room)
{
	const struct node_conf base = {.mtu = mtu, .mbufs = mbufs / NODES, .mbuf_room = room};
	struct node_conf conf;
	char text[128], nid[32], gateway[32], why[160];
	unsigned int i;
	int rc;

	for (i = 0; i < NODES; i++) {
		snprintf(text, sizeof(text), "name=p0,port=net_vhost%u,ip=10.0.%u.2/24,mtu=%u", i,
			 i, mtu);
		snprintf(nid, sizeof(nid), "10.0.%u.2@tcp%u", i, i);
		snprintf(gateway, sizeof(gateway), "10.0.%u.1@tcp%u", i, i);
		conf = base;
		conf.interface = text;
		conf.nid = nid;
		conf.gateway = gateway;
		rc = node_start(&b->nodes[i], &conf, &b->mem, clock_now(&b->clock), why,
				sizeof(why));
		if (rc < 0) {
			fprintf(stderr, "bench_nodes: node %c: %s: %s\n", 'A' + (int)i, why,
				strerror(-rc));
			return rc;
		}
	}
	return 0;
}

/* --mtu N --mbufs N --mbuf-room N */
static int
options(int argc, char **argv, unsigned int *mtu, unsigned int *mbufs, unsigned int *room)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--mtu") == 0)
			*mtu = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mbufs") == 0)
			*mbufs = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mbuf-room") == 0)
			*room = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else
			return -EINVAL;
	}
	return i == argc && *mtu >= 576 && *mtu <= 9000 ? 0 : -EINVAL;
}

int
main(int argc, char **argv)
{
	unsigned int mtu = 1500, mbufs = 32768, room = 2048, i;
	struct bench *b;
	int n, rc;

	n = rte_eal_init(argc, argv);
	if (n < 0 || options(argc - n, argv + n, &mtu, &mbufs, &room) < 0) {
		fprintf(stderr,
			"usage: bench_nodes [EAL options] -- [--mtu N] [--mbufs N] "
			"[--mbuf-room N]; ports net_vhost0 (A) and net_vhost1 (B)\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return 1;
	clock_init(&b->clock);
	rc = buf_mem_create(&b->mem, "bench", mbufs, room, SOCKET_ID_ANY);
	if (rc == 0)
		rc = pattern_create(&b->mem, &b->pattern);
	if (rc < 0)
		fprintf(stderr, "bench_nodes: %u packet buffers of %u bytes: %s\n", mbufs, room,
			strerror(-rc));
	else
		rc = start_nodes(b, (uint16_t)mtu, mbufs, room);
	if (rc < 0)
		return 1;
	load_init(&b->load, &b->nodes[0], &b->nodes[1], b->pattern);
	printf("{\"ready\":true}\n");
	fflush(stdout);
	loop(b);
	detach(b);
	for (i = 0; i < NODES; i++)
		node_stop(&b->nodes[i], clock_now(&b->clock));
	pattern_destroy(b->pattern);
	buf_mem_destroy(&b->mem);
	free(b);
	return rte_eal_cleanup() < 0;
}
