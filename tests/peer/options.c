/* SPDX-License-Identifier: BSD-3-Clause */
/* Command line of lnet-peer: options in any place, then COMMAND and its argument. */
#include "options.h"

#include "wire.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_NID = 256,
	OPT_ROUTE,
	OPT_RST,
	OPT_STOP,
	OPT_GARBAGE,
	OPT_PROBE,
	OPT_NUMBER, /* first of the options that set a number: OPT_NUMBER + index in numbers[] */
};

static const struct {
	const char *name;
	size_t offset;
	bool is_64;
	uint64_t min;
	uint64_t max;
} numbers[] = {
	{"port", offsetof(struct options, port), false, 1, 65535},
	{"conns-per-peer", offsetof(struct options, conns_per_peer), false, 1, 127},
	{"hello-version", offsetof(struct options, hello_version), false, 2, 4},
	{"router-ping", offsetof(struct options, router_ping_s), false, 0, 3600},
	{"accept-timeout", offsetof(struct options, accept_timeout_s), false, 1, 3600},
	{"lnd-timeout", offsetof(struct options, lnd_timeout_s), false, 1, 3600},
	{"keepalive", offsetof(struct options, keepalive_s), false, 0, 3600},
	{"timeout", offsetof(struct options, timeout_s), false, 1, 86400},
	{"op-timeout", offsetof(struct options, op_timeout_s), false, 1, 86400},
	{"linger", offsetof(struct options, linger_s), false, 0, 3600},
	{"retry", offsetof(struct options, retries), false, 0, 1000},
	{"size", offsetof(struct options, size), false, 0, LNET_MTU},
	{"count", offsetof(struct options, count), true, 1, 16 << 20},
	{"seconds", offsetof(struct options, seconds), false, 1, 86400},
	{"window", offsetof(struct options, window), false, 1, 1024},
	{"split", offsetof(struct options, split), false, 1, LNET_MTU},
	{"pause-reads", offsetof(struct options, pause_reads_s), false, 1, 3600},
	{"pause-after", offsetof(struct options, pause_after), true, 0, UINT64_MAX},
	{"rcvbuf", offsetof(struct options, rcvbuf), false, 2048, 1 << 30},
};

static const struct {
	const char *name;
	size_t offset;
	bool value;
} flags[] = {
	{"no-ack", offsetof(struct options, want_ack), false},
	{"zc", offsetof(struct options, zero_copy), true},
	{"checksum", offsetof(struct options, checksum), true},
	{"verbose", offsetof(struct options, is_verbose), true},
	{"big-endian", offsetof(struct options, big_endian), true},
	{"await-keepalive", offsetof(struct options, await_keepalive), true},
	{"silent-acceptor", offsetof(struct options, silent_acceptor), true},
	{"new-incarnation", offsetof(struct options, new_incarnation), true},
	{"zc-before-bulk-in", offsetof(struct options, zc_before_bulk_in), true},
};

static const struct {
	const char *name;
	enum probe probe;
} probes[] = {
	{"version5", PROBE_VERSION5},
	{"garbage-connreq", PROBE_GARBAGE_CONNREQ},
	{"garbage-hello", PROBE_GARBAGE_HELLO},
	{"garbage-message", PROBE_GARBAGE_MESSAGE},
	{"connreq-version3", PROBE_CONNREQ_VERSION3},
	{"wrong-nid", PROBE_WRONG_NID},
	{"silent", PROBE_SILENT},
	{"unprivileged", PROBE_UNPRIVILEGED},
};

#define N_NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))
#define N_PROBES (sizeof(probes) / sizeof(probes[0]))
#define OPT_FLAG (OPT_NUMBER + (int)N_NUMBERS)
#define OPT_VERSION5 (OPT_FLAG + (int)N_FLAGS)
#define OPT_HELP (OPT_VERSION5 + 1)

static void
usage(FILE *f)
{
	fputs("usage: lnet-peer --nid NID [--route NET=GATEWAY]... [options] COMMAND\n"
	      "commands:\n"
	      "  serve                     answer until SIGTERM or the end of stdin; SIGUSR1 prints the counters\n"
	      "  ping NID [COUNT]          LNet ping\n"
	      "  push NID [COUNT]          LNet push (PUT of the ping buffer, ACK)\n"
	      "  put|get|both NID          data, with --size N --count N|--seconds S --window W [--no-ack]\n"
	      "  probe NID                 one raw connection, with --probe WHAT\n"
	      "  --selftest FILE...        compare what we write with recorded frames\n"
	      "options: --port P --conns-per-peer N --hello-version 2|3|4 --zc --checksum --router-ping S --keepalive S\n"
	      "  --accept-timeout S --lnd-timeout S --timeout S --op-timeout S --retry N --linger S\n"
	      "  --await-keepalive --rcvbuf BYTES --verbose\n"
	      "scenarios: --pause-reads S [--pause-after BYTES] --rst-after-hello[=deny|accept] --silent-acceptor --split N\n"
	      "  --big-endian --new-incarnation --zc-before-bulk-in --stop-mid-message[=hold|close]\n"
	      "  --version5 --garbage[=connreq|hello|message]   (probe; also --probe connreq-version3|wrong-nid|silent|\n"
	      "  unprivileged)\n",
	      f);
}

/* A number with an optional K or M. */
static int
number_parse(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*v = strtoull(text, &end, 0);
	if (*end == 'K' || *end == 'k')
		*v <<= 10, end++;
	else if (*end == 'M' || *end == 'm')
		*v <<= 20, end++;
	return errno != 0 || *end != '\0' || *v < min || *v > max ? -EINVAL : 0;
}

static int
number_set(struct options *o, size_t i, const char *text)
{
	void *at = (char *)o + numbers[i].offset;
	uint64_t v;

	if (number_parse(text, numbers[i].min, numbers[i].max, &v) < 0) {
		fprintf(stderr, "lnet-peer: --%s: bad value '%s'\n", numbers[i].name, text);
		return -EINVAL;
	}
	if (numbers[i].is_64)
		*(uint64_t *)at = v;
	else if (at == (void *)&o->port)
		o->port = (uint16_t)v;
	else
		*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int
route_parse(struct options *o, const char *text)
{
	const char *eq = strchr(text, '=');
	char net[16];
	struct route *r;

	if (o->n_routes == MAX_ROUTES || eq == NULL || (size_t)(eq - text) >= sizeof(net))
		return -EINVAL;
	memcpy(net, text, (size_t)(eq - text));
	net[eq - text] = '\0';
	r = &o->routes[o->n_routes];
	if (net_parse(net, &r->net) < 0 || nid_parse(eq + 1, &r->gateway) < 0)
		return -EINVAL;
	o->n_routes++;
	return 0;
}

static int
probe_parse(struct options *o, const char *text)
{
	size_t i;

	for (i = 0; i < N_PROBES; i++) {
		if (strcmp(text, probes[i].name) == 0) {
			o->probe = probes[i].probe;
			return 0;
		}
	}
	return -EINVAL;
}

/* One of two words, or none for the first. Return: 1, 2, or -EINVAL. */
static int
choice_parse(const char *text, const char *first, const char *second)
{
	if (text == NULL || strcmp(text, first) == 0)
		return 1;
	return strcmp(text, second) == 0 ? 2 : -EINVAL;
}

static int
word_option(struct options *o, int opt, const char *arg)
{
	char name[32];
	int r = 0;

	switch (opt) {
	case OPT_NID:
		return nid_parse(arg, &o->nid);
	case OPT_ROUTE:
		return route_parse(o, arg);
	case OPT_PROBE:
		return probe_parse(o, arg);
	case OPT_GARBAGE:
		snprintf(name, sizeof(name), "garbage-%s", arg != NULL ? arg : "connreq");
		return probe_parse(o, name);
	case OPT_RST:
		r = choice_parse(arg, "deny", "accept");
		o->rst_after_hello = r == 2 ? RST_ACCEPT : RST_DENY;
		return r;
	case OPT_STOP:
		r = choice_parse(arg, "hold", "close");
		o->stop_mid_message = r == 2 ? STOP_CLOSE : STOP_HOLD;
		return r;
	default:
		return -EINVAL;
	}
}

static int
one_option(struct options *o, int opt, const char *arg)
{
	if (opt == OPT_HELP) {
		usage(stdout);
		return 1;
	}
	if (opt == OPT_VERSION5) {
		o->probe = PROBE_VERSION5;
		return 0;
	}
	if (opt >= OPT_FLAG) {
		*(bool *)((char *)o + flags[opt - OPT_FLAG].offset) = flags[opt - OPT_FLAG].value;
		return 0;
	}
	if (opt >= OPT_NUMBER)
		return number_set(o, (size_t)(opt - OPT_NUMBER), arg);
	if (word_option(o, opt, arg) < 0) {
		fprintf(stderr, "lnet-peer: bad value '%s'\n", arg != NULL ? arg : "");
		return -EINVAL;
	}
	return 0;
}

static int
command_parse(struct options *o, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum command command;
	} commands[] = {{"serve", CMD_SERVE}, {"ping", CMD_PING}, {"push", CMD_PUSH},
			{"put", CMD_PUT},     {"get", CMD_GET},	  {"both", CMD_BOTH},
			{"probe", CMD_PROBE}};
	size_t i;

	if (o->command == CMD_SELFTEST) {
		o->files = argv;
		o->n_files = argc;
		return argc > 0 ? 0 : -EINVAL;
	}
	for (i = 0; argc > 0 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		o->command = commands[i].command;
		if (o->nid.type != NID_TYPE_TCP)
			return -EINVAL;
		if (o->command == CMD_SERVE)
			return argc == 1 ? 0 : -EINVAL;
		if (argc < 2 || nid_parse(argv[1], &o->target) < 0 ||
		    nid_equal(&o->nid, &o->target))
			return -EINVAL;
		if (argc == 3 && (o->command == CMD_PING || o->command == CMD_PUSH))
			return number_parse(argv[2], 1, 1 << 20, &o->count);
		return argc == 2 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/* Table of getopt_long from the tables above; @list has room for all. */
static void
list_options(struct option *list)
{
	size_t i;

	*list++ = (struct option){"nid", required_argument, NULL, OPT_NID};
	*list++ = (struct option){"route", required_argument, NULL, OPT_ROUTE};
	*list++ = (struct option){"rst-after-hello", optional_argument, NULL, OPT_RST};
	*list++ = (struct option){"stop-mid-message", optional_argument, NULL, OPT_STOP};
	*list++ = (struct option){"garbage", optional_argument, NULL, OPT_GARBAGE};
	*list++ = (struct option){"probe", required_argument, NULL, OPT_PROBE};
	*list++ = (struct option){"version5", no_argument, NULL, OPT_VERSION5};
	*list++ = (struct option){"selftest", no_argument, NULL, 's'};
	*list++ = (struct option){"help", no_argument, NULL, OPT_HELP};
	for (i = 0; i < N_NUMBERS; i++)
		*list++ = (struct option){numbers[i].name, required_argument, NULL,
					  OPT_NUMBER + (int)i};
	for (i = 0; i < N_FLAGS; i++)
		*list++ = (struct option){flags[i].name, no_argument, NULL, OPT_FLAG + (int)i};
	*list = (struct option){NULL, 0, NULL, 0};
}

int
options_parse(struct options *o, int argc, char **argv)
{
	struct option list[9 + N_NUMBERS + N_FLAGS + 1];
	int opt, r;

	*o = (struct options){.port = 988,
			      .conns_per_peer = 1,
			      .router_ping_s = 60,
			      .accept_timeout_s = 5,
			      .lnd_timeout_s = 50,
			      .keepalive_s = 30,
			      .timeout_s = 120,
			      .op_timeout_s = 60,
			      .count = 1,
			      .window = 1,
			      .want_ack = true,
			      .pause_after = LNET_MTU};
	list_options(list);
	while ((opt = getopt_long(argc, argv, "", list, NULL)) != -1) {
		if (opt == '?')
			return -EINVAL;
		if (opt == 's') {
			o->command = CMD_SELFTEST;
			continue;
		}
		r = one_option(o, opt, optarg);
		if (r != 0)
			return r;
	}
	if (command_parse(o, argc - optind, argv + optind) < 0) {
		usage(stderr);
		return -EINVAL;
	}
	if (o->seconds != 0)
		o->count = 16 << 20;
	if (o->zc_before_bulk_in)
		o->zero_copy = true;
	return 0;
}
