/* SPDX-License-Identifier: BSD-3-Clause */
/* What streams, connections and engines look like, for whoever looks into a failure. */
#include "tests/sim/streams.h"

#include <inttypes.h>
#include <stdio.h>

static void
dump_connections(const struct streams *t, unsigned int h)
{
	struct tcp_info info[2 * STREAMS_MAX];
	unsigned int i, n, next;

	n = tcp_list(t->sim->host[h].tcp, 0, info, 2 * STREAMS_MAX, &next, t->sim->now);
	for (i = 0; i < n; i++)
		printf("host %u port %u: %s mss %u cwnd %u ssthresh %u snd_wnd %u rcv_wnd %u rto %u ms, rx %u ooo %u "
		       "tx %u in flight %u, in %" PRIu64 " out %" PRIu64 "\n",
		       h, info[i].flow.local_port, info[i].state, info[i].mss, info[i].cwnd,
		       info[i].ssthresh, info[i].snd_wnd, info[i].rcv_wnd, info[i].rto_ms,
		       info[i].rx_queue, info[i].rx_ooo, info[i].tx_queue, info[i].in_flight,
		       info[i].bytes_in, info[i].bytes_out);
}

static void
dump_users(const struct streams *t, unsigned int h)
{
	unsigned int i;

	for (i = 0; i < t->conf.n; i++) {
		const struct stream_end *e = &t->end[h][i];

		printf("host %u stream %u life %u: written %" PRIu64 " received %" PRIu64
		       "%s%s%s, moved at %.3f s, losses %u, longest silence %.3f s%s\n",
		       h, i, e->life, e->written, e->received, e->open ? " open" : "",
		       e->closed ? " closed" : "", e->stalled_until != 0 ? " stalled" : "",
		       (double)e->moved_at / SIM_S, e->losses, (double)e->longest / SIM_S,
		       e->backed_off ? ", backed off" : "");
	}
}

static void
dump_counters(const struct streams *t)
{
	static const char *const names[] = {
#define COUNTER(id, name, help) name,
#include "drivers/tcp/counter.def"
#undef COUNTER
	};
	const uint64_t *a = tcp_counters(t->sim->host[0].tcp),
		       *b = tcp_counters(t->sim->host[1].tcp);
	unsigned int i;

	for (i = 0; i < TCP_COUNTERS; i++) {
		if (a[i] + b[i] > 0)
			printf("%s %" PRIu64 " %" PRIu64 "\n", names[i], a[i], b[i]);
	}
}

void
streams_dump(const struct streams *t)
{
	unsigned int h;

	for (h = 0; h < 2; h++) {
		dump_connections(t, h);
		dump_users(t, h);
	}
	dump_counters(t);
	printf("now %.3f s\n", (double)t->sim->now / SIM_S);
}
