/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp-host: the router's port, IP and TCP code without LNet, against whatever TCP is at the other end of the wire. It serves
 * and opens streams whose every byte is verified, and says at its end how they went, what the engine counted and what is
 * still held, which is to be nothing.
 */
#include "tests/tcp/host.h"

#include "app/router/clock.h"
#include "drivers/ether/ether.h"
#include "drivers/tcp/tcp.h"
#include "lnet/base/buf.h"
#include "lnet/base/counter.h"
#include "lnet/base/pool.h"
#include "tests/tcp/job_list.h"

#include <rte_eal.h>
#include <rte_mempool.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define CONTROL_NS (100 * MS)
#define PATIENCE_NS (60000 * MS) /* for connections to end and TIME-WAIT to pass, at the end */
#define EMPTY_ROUNDS 64
#define SLEEP_US 50
#define CONNS 128
#define WINDOW_MIN 65536

struct options {
	const char *interface;
	unsigned int mtu, mbufs, room;
	bool newreno;
};

struct program {
	struct clock clock;
	struct buf_mem mem;
	struct job_list list;
	struct host host;
	int signals;
	unsigned int empty; /* rounds since anything was done */
	uint64_t last, next_tick, next_control;
};

/* One round of everything. Return: ns. */
static uint64_t
poll_round(struct program *p)
{
	struct host *h = &p->host;
	uint64_t now = clock_now(&p->clock);

	if (now - p->last > 10 * MS)
		h->lost_ns += now - p->last;
	p->last = now;
	p->empty = stack_poll(&h->stack, now) > 0 ? 0 : p->empty + 1;
	if (now >= p->next_tick) {
		p->next_tick = now + MS;
		host_tick(h, now);
	}
	if (now >= p->next_control) {
		p->next_control = now + CONTROL_NS;
		ether_control(h->stack.ether, now);
	}
	if (p->empty > EMPTY_ROUNDS)
		usleep(SLEEP_US);
	return now;
}

static bool
told_to_stop(const struct program *p)
{
	char info[128];

	return read(p->signals, info, sizeof(info)) > 0;
}

static void
run(struct program *p)
{
	uint64_t now, next_look = 0;
	struct job *j;

	for (;;) {
		now = poll_round(p);
		j = job_list_next(&p->list);
		if (j != NULL)
			host_connect(&p->host, j, now);
		else if (!job_list_serves(&p->list))
			return;
		if (now < next_look)
			continue;
		next_look = now + MS;
		if (told_to_stop(p))
			return;
	}
}

/* For whoever has to find out why a connection did not end. */
static void
tell_open(struct program *p, uint64_t now)
{
	struct tcp_info i;
	unsigned int next = 0;

	do {
		if (tcp_list(p->host.stack.tcp, next, &i, 1, &next, now) == 0)
			return;
		fprintf(stderr,
			"open: ports %u %u %s cwnd %u ssthresh %u windows %u %u mss %u srtt_us %u rto_ms %u rx %u ooo %u tx %u "
			"in_flight %u retransmits %" PRIu64 "\n",
			i.flow.local_port, i.flow.remote_port, i.state, i.cwnd, i.ssthresh,
			i.snd_wnd, i.rcv_wnd, i.mss, i.srtt_us, i.rto_ms, i.rx_queue, i.rx_ooo,
			i.tx_queue, i.in_flight, i.retransmits);
	} while (next != 0);
}

/* Until nothing is left of the connections. */
static void
drain(struct program *p)
{
	uint64_t now = clock_now(&p->clock), end = now + PATIENCE_NS;

	tell_open(p, now);
	host_abort(&p->host, now);
	while (tcp_block_count(p->host.stack.tcp) > 0 && now < end)
		now = poll_round(p);
}

static void
print_counters(const uint64_t *counters)
{
	static const struct counter_desc desc[] = {
#define COUNTER COUNTER_DESC
#include "drivers/tcp/counter.def"
#undef COUNTER
	};
	unsigned int i;

	printf("\"tcp\":{");
	for (i = 0; i < TCP_COUNTERS; i++)
		printf("%s\"%s\":%" PRIu64, i > 0 ? "," : "", desc[i].name, counters[i]);
	printf("}");
}

/* Say how it went and stop: whether timers are left is known only then. */
static void
report(struct program *p)
{
	struct stack *s = &p->host.stack;

	printf("{");
	job_list_print(&p->list, stdout);
	printf(",");
	print_counters(tcp_counters(s->tcp));
	printf(",\"held\":{\"blocks\":%u,\"mbufs\":%u,\"indirect\":%u,\"slices\":%u,\"ledger\":%" PRIu64,
	       tcp_block_count(s->tcp), rte_mempool_in_use_count(p->mem.mbufs),
	       rte_mempool_in_use_count(p->mem.indirect), pool_used(p->mem.slices),
	       ledger_used(&s->lc.ledger));
	printf(",\"timers\":%" PRIu64 "}}\n", stack_stop(s, clock_now(&p->clock)));
	fflush(stdout);
}

/* --- start --- */

static int
start(struct program *p, const struct options *o)
{
	char why[160] = "packet buffers";
	struct tcp_config tcp;
	const struct stack_conf conf = {
		.interface = o->interface,
		.mtu = (uint16_t)o->mtu,
		.mbufs = o->mbufs,
		.mbuf_room = o->room,
		.tcp = &tcp,
	};
	int rc;

	tcp_config_default(&tcp);
	tcp.max_conns = CONNS;
	tcp.rcv_wnd_min = WINDOW_MIN;
	tcp.cc = o->newreno ? TCP_CC_NEWRENO : TCP_CC_CUBIC;
	/* the key is the same after a restart, as the router's */
	tcp.clock_offset = clock_wall() - clock_now(&p->clock);
	rc = buf_mem_create(&p->mem, "host", o->mbufs, o->room, SOCKET_ID_ANY);
	if (rc == 0)
		rc = stack_start(&p->host.stack, &conf, &p->mem, clock_now(&p->clock), why,
				 sizeof(why));
	p->host.mem = &p->mem;
	p->host.jobs = p->list.jobs;
	p->host.n_jobs = p->list.n;
	TAILQ_INIT(&p->host.conns);
	p->last = clock_now(&p->clock);
	if (rc == 0)
		rc = host_listen(&p->host);
	if (rc < 0)
		fprintf(stderr, "tcp-host: %s: %s\n", why, strerror(-rc));
	return rc;
}

/* Until duplicate address detection has let all of them through. */
static void
await_addresses(struct program *p)
{
	struct stack *s = &p->host.stack;
	struct ether_iface_info info;
	struct ether_path path;
	unsigned int i;

	ether_iface_get(s->ether, 0, &info);
	for (i = 0; i < info.conf->n_addrs; i++)
		while (!told_to_stop(p) &&
		       ether_path(s->el, &info.conf->addrs[i].addr, &info.conf->addrs[i].addr,
				  &path) == -EADDRNOTAVAIL)
			poll_round(p);
}

static int
parse(int argc, char **argv, struct options *o, struct job_list *l)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--interface") == 0)
			o->interface = argv[i + 1];
		else if (strcmp(argv[i], "--mtu") == 0)
			o->mtu = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mbufs") == 0)
			o->mbufs = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mbuf-room") == 0)
			o->room = (unsigned int)strtoul(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--cc") == 0)
			o->newreno = strcmp(argv[i + 1], "newreno") == 0;
		else if (job_list_add(l, argv[i], argv[i + 1]) < 0)
			return -EINVAL;
	}
	return i == argc && o->interface != NULL && l->n > 0 ? 0 : -EINVAL;
}

int
main(int argc, char **argv)
{
	struct options o = {.mtu = 1500, .mbufs = 24576, .room = 2048};
	struct program *p = calloc(1, sizeof(*p));
	int n, rc;

	if (p == NULL)
		return 1;
	/* before the EAL has threads that would take the signal */
	p->signals = job_signals(0);
	n = rte_eal_init(argc, argv);
	if (n < 0 || parse(argc - n, argv + n, &o, &p->list) < 0) {
		fprintf(stderr,
			"usage: tcp-host [EAL options] -- --interface TEXT [--mtu N] [--mbufs N] [--mbuf-room N]\n"
			"  [--cc cubic|newreno] (--serve JOB | --connect JOB)...\n"
			"A job is port=N and more: tests/tcp/job.h. Client jobs run one after another; with no job that serves\n"
			"the program ends with the last one, otherwise with SIGTERM.\n");
		return 2;
	}
	clock_init(&p->clock);
	rc = p->signals < 0 ? p->signals : start(p, &o);
	if (rc == 0) {
		await_addresses(p);
		fprintf(stderr, "tcp-host: ready\n");
		run(p);
		drain(p);
		report(p);
		buf_mem_destroy(&p->mem);
	}
	free(p);
	return rte_eal_cleanup() < 0 || rc < 0;
}
