/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Users of the two engines of a simulation: streams of bytes in both directions, with readers that pause. Each byte is
 * checked. A stream whose host died is opened again and starts over; its first byte each way says which life it is in.
 * streams.c: the users; streams_watch.c: does each stream move on as fast as the losses allow?; streams_dump.c: what it
 * looks like when not.
 */
#pragma once

#include "tests/sim/net_sim.h"

#define STREAMS_PORT 988 /* listeners */
#define STREAMS_DIAL_PORT 1023 /* of stream 0; downwards */
#define STREAMS_MAX 8

struct streams_conf {
	unsigned int n;
	uint32_t bytes[2]; /* that host 0 and host 1 send on each; at least 1 */
	uint32_t queue_max; /* bytes that a writer keeps in the engine */
	uint32_t write_max; /* of one tcp_send() */
	uint32_t stall_ppm; /* chance that a reader pauses at a readable() */
	uint32_t
		expect_ppm; /* chance that it says before what it will take, and that it takes that back */
	uint64_t stall_max; /* ns */
	bool both_dial; /* host 1 opens every second stream */
};

/* One end of a stream; what it sends is one way of it. */
struct stream_end {
	struct streams *all;
	struct tcp_conn *c; /* NULL before and after */
	unsigned int host, id;
	uint8_t life, peer_life; /* first byte sent, and received */
	bool open, closed;
	bool heard_all;
	uint64_t written, received;
	uint64_t stalled_until; /* 0 = reading */

	/* streams_watch.c */
	uint64_t began_at;
	uint64_t moved_at; /* when the peer last acknowledged bytes; may lie ahead */
	uint64_t acked; /* as seen then */
	uint64_t longest; /* silence in this life */
	uint64_t lost_at; /* the last loss that counted */
	unsigned int losses; /* since moved_at, as far apart as timeouts are */
	bool backed_off; /* its timers were doubled for another reason than losses */
};

struct streams {
	struct sim *sim;
	struct streams_conf conf;
	struct stream_end end[2][STREAMS_MAX];
	bool may_break; /* hosts die: connections may end with an error */
	unsigned int connected[2], accepted[2], ended[2]; /* by host; ended in order */
	unsigned int reopened; /* streams */
	uint64_t received[2]; /* by host, all lives */

	/* streams_watch.c */
	uint64_t sleep_max; /* hosts stand still so long */
	uint64_t refusals[2]; /* of engines without memory, as seen last */
	double tightest; /* greatest part of a bound that was used */

	const char *broken; /* the first thing that went wrong */
};

/* Listen on both hosts and open all streams. @t must not move. */
void streams_start(struct streams *t, struct sim *s, const struct streams_conf *conf);

/* Listen on host @h again, which was restarted. */
void streams_listen(struct streams *t, unsigned int h);

/*
 * What time makes the users do: pauses end, writers that found no mbuf try again, broken streams are opened again.
 * Return: all have ended.
 */
bool streams_round(struct streams *t);

/* The dialler's end of stream @id. */
struct stream_end *streams_dialler(struct streams *t, unsigned int id);

/* Remember the first thing that went wrong. */
void streams_fail(struct streams *t, const char *what);

/* What the connections look like, for whoever looks into a failure. */
void streams_dump(const struct streams *t);

/* --- streams_watch.c --- */

/* sim.dropped(), with a struct streams. */
void streams_dropped(void *arg, unsigned int from, const struct ip_flow *flow);

/* Something happens until @until that stops all streams and makes their timers back off. */
void streams_pause(struct streams *t, uint64_t until);

/* Fails a stream that has not moved for longer than its losses explain. */
void streams_watch(struct streams *t);

/* The end begins to wait for its peer. */
void streams_moved(struct stream_end *e);
