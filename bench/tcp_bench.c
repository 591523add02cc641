/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_bench: what a segment costs the TCP engine. tcp.sh starts it.
 *	tcp_bench CASE MIX CONNS ROUNDS
 * prints one line of JSON: cycles by segment, as percentiles of the rounds, and how many segments were measured.
 */
#include "bench/tcp_case.h"

#include <rte_eal.h>
#include <rte_memory.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int
start_eal(void)
{
	char prefix[48];
	char *argv[] = {"tcp_bench", "--no-huge", "--no-pci",	   "--no-shconf", "--no-telemetry",
			"-m",	     "512",	  "--log-level=3", "-l",	  "0",
			prefix};

	snprintf(prefix, sizeof(prefix), "--file-prefix=tcp_bench%d", (int)getpid());
	return rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])), argv);
}

/* As the router's memory is: in huge pages, here without reserving them. */
static int
use_huge_pages(const struct rte_memseg_list *msl, void *)
{
	return madvise(msl->base_va, msl->len, MADV_HUGEPAGE) < 0 ? 1 : 0;
}

static int
by_cost(const void *pa, const void *pb)
{
	const struct tcp_sample *a = pa, *b = pb;
	double x = (double)a->cycles / a->segments, y = (double)b->cycles / b->segments;

	return (x > y) - (x < y);
}

static double
percentile(const struct tcp_samples *s, unsigned int percent)
{
	const struct tcp_sample *v = &s->v[(uint64_t)(s->n - 1) * percent / 100];

	return (double)v->cycles / v->segments;
}

static void
print(const struct tcp_case *tc, struct tcp_samples *s)
{
	uint64_t segments = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		segments += s->v[i].segments;
	qsort(s->v, s->n, sizeof(*s->v), by_cost);
	printf("{\"case\":\"%s\",\"mix\":\"%s\",\"conns\":%u,\"rounds\":%u,\"segments\":%" PRIu64
	       ",\"cycles\":%.1f,\"p10\":%.1f,\"p90\":%.1f}\n",
	       tc->name, tc->mix, tc->conns, s->n, segments, percentile(s, 50), percentile(s, 10),
	       percentile(s, 90));
}

int
main(int argc, char **argv)
{
	struct tcp_samples samples = {0};
	struct tcp_case tc = {0};
	const char *fault;

	if (argc == 5) {
		tc = (struct tcp_case){argv[1], argv[2], (unsigned int)atoi(argv[3]),
				       (unsigned int)atoi(argv[4])};
		samples.size = tc.rounds;
	}
	if (tc.conns == 0 || tc.rounds == 0) {
		fprintf(stderr, "usage: tcp_bench CASE MIX CONNS ROUNDS\n");
		return 2;
	}
	samples.v = calloc(samples.size, sizeof(*samples.v));
	if (samples.v == NULL || start_eal() < 0) {
		fprintf(stderr, "tcp_bench: EAL does not start\n");
		return 1;
	}
	if (rte_memseg_list_walk(use_huge_pages, NULL) != 0)
		fprintf(stderr, "tcp_bench: without huge pages\n");
	fault = tcp_case_run(&tc, &samples);
	if (fault == NULL)
		print(&tc, &samples);
	else
		fprintf(stderr, "tcp_bench: %s %s %u: %s\n", tc.name, tc.mix, tc.conns, fault);
	rte_eal_cleanup();
	return fault == NULL ? 0 : 1;
}
