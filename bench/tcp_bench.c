/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tcp_bench: what a segment costs the TCP engine. tcp.sh starts it.
 *	tcp_bench CASE MIX CONNS ROUNDS
 * prints one line of JSON: cycles by segment, as percentiles of the rounds, and how many segments were measured.
 */
#include "bench/tcp_case.h"
#include "bench/waits.h"

#include <rte_eal.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MBYTES "512"
#define HUGE_PAGES 256 /* of 2 MiB */

/* Under valgrind EAL may not get the address space that it wants for them: tcp.py does without, instructions are the same. */
static bool
has_huge_pages(void)
{
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");
	unsigned int n = 0;

	if (f != NULL && fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f != NULL)
		fclose(f);
	return n >= HUGE_PAGES && getenv("TCP_BENCH_SMALL_PAGES") == NULL;
}

/* The router's memory is in huge pages. In small ones each connection would cost entries of the TLB besides its cache lines. */
static int
start_eal(bool is_huge)
{
	char *argv[] = {"tcp_bench",   "--no-pci", "--no-shconf", "--no-telemetry",
			"-m",	       MBYTES,	   "-l",	  "0",
			"--log-level", "3",	   NULL,	  NULL};
	char prefix[48];

	snprintf(prefix, sizeof(prefix), "--file-prefix=tcp_bench%d", (int)getpid());
	argv[10] = is_huge ? "--in-memory" : "--no-huge";
	argv[11] = prefix;
	/* --in-memory needs no prefix and takes none */
	return rte_eal_init(is_huge ? 11 : 12, argv);
}

/* EAL leaves its folder behind, empty. */
static void
leave_nothing(void)
{
	char *dir = strdup(rte_eal_get_runtime_dir());

	rte_eal_cleanup();
	if (dir != NULL)
		rmdir(dir);
	free(dir);
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
print(const struct tcp_case *tc, struct tcp_samples *s, bool is_huge)
{
	uint64_t segments = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		segments += s->v[i].segments;
	qsort(s->v, s->n, sizeof(*s->v), by_cost);
	printf("{\"case\":\"%s\",\"mix\":\"%s\",\"conns\":%u,\"rounds\":%u,\"segments\":%" PRIu64
	       ",\"cycles\":%.1f,\"p10\":%.1f,\"p90\":%.1f,\"huge_pages\":%s,\"waits\":%.2f}\n",
	       tc->name, tc->mix, tc->conns, s->n, segments, percentile(s, 50), percentile(s, 10),
	       percentile(s, 90), is_huge ? "true" : "false", waits_lines() / (double)segments);
}

int
main(int argc, char **argv)
{
	struct tcp_samples samples = {0};
	struct tcp_case tc = {0};
	const char *fault;
	bool is_huge;

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
	is_huge = has_huge_pages();
	if (samples.v == NULL || start_eal(is_huge) < 0) {
		fprintf(stderr, "tcp_bench: EAL does not start\n");
		return 1;
	}
	fault = tcp_case_run(&tc, &samples);
	if (fault == NULL)
		print(&tc, &samples, is_huge);
	else
		fprintf(stderr, "tcp_bench: %s %s %u: %s\n", tc.name, tc.mix, tc.conns, fault);
	leave_nothing();
	return fault == NULL ? 0 : 1;
}
