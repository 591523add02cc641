/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON line of a command or of the server. */
#include "report.h"

#include "conn.h"
#include "load.h"
#include "node.h"
#include "options.h"
#include "peer.h"
#include "seen.h"

static void
print_conns(const struct node *n, FILE *f)
{
	const struct peer *p;
	const struct conn *c;
	char text[NID_TEXT_MAX];
	bool is_first = true;

	fputs("\"conns\":[", f);
	TAILQ_FOREACH(p, &n->peers, link) {
		TAILQ_FOREACH(c, &p->conns, peer_link) {
			fprintf(f,
				"%s{\"peer\":\"%s\",\"type\":\"%s\",\"version\":%u,\"dialled\":%s}",
				is_first ? "" : ",", nid_text(&p->nid, text),
				conn_type_text(c->type), c->version,
				c->is_active ? "true" : "false");
			is_first = false;
		}
	}
	fputs("],", f);
}

static void
print_scenarios(const struct node *n, FILE *f)
{
	if (n->pause.started != 0)
		fprintf(f, "\"pause\":{\"seconds\":%.3f,\"unread\":%d},",
			n->pause.ended != 0 ? (double)(n->pause.ended - n->pause.started) / 1e9
					    : -1.0,
			n->pause.unread);
	if (n->stopped_at != 0)
		fprintf(f, "\"stop_mid_message\":{\"closed_after_seconds\":%.3f},",
			n->stopped_closed_at != 0
				? (double)(n->stopped_closed_at - n->stopped_at) / 1e9
				: -1.0);
}

void
report(struct node *n, const char *command, struct load *loads, int n_loads, bool ok, FILE *f)
{
	static const char *const names[] = {
#define COUNTER(name, fault, meaning) #name,
#include "counter.def"
#undef COUNTER
	};
	char text[NID_TEXT_MAX];
	int i;

	n->counters[COUNT_missing] = seen_missing(n->seen);
	fprintf(f, "{\"command\":\"%s\",\"nid\":\"%s\",\"ok\":%s,", command,
		nid_text(&n->nid, text), ok && node_is_clean(n) ? "true" : "false");
	if (n_loads > 0)
		fprintf(f, "\"target\":\"%s\",", nid_text(&n->opt->target, text));
	fputs("\"loads\":[", f);
	for (i = 0; i < n_loads; i++) {
		if (i > 0)
			fputc(',', f);
		load_print(&loads[i], f);
	}
	fputs("],", f);
	print_conns(n, f);
	print_scenarios(n, f);
	fputs("\"counters\":{", f);
	for (i = 0; i < COUNTER_MAX; i++)
		fprintf(f, "%s\"%s\":%llu", i > 0 ? "," : "", names[i],
			(unsigned long long)n->counters[i]);
	fputs("}}\n", f);
	fflush(f);
}
