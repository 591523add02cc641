/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stopped-next-hop policy of one peer NI, without its deeds: when is a peer that takes nothing stopped, when is it tried again, when does it move. The core embeds one in each peer NI; pure
 * functions over @now (ns). The rules and what the core does at each edge: doc/memory.md.
 * Thread: the peer's home worker.
 *
 *	      first message           `limit` without progress
 *	IDLE ----------------> BUSY -------------------------> STOPPED -----.
 *	  ^                     | ^--.                          |  ^        | probes
 *	  |<---- all sent ------'    | progress                 |  '--------'
 *	  '<--------------------------------- answered ---------'
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define STALL_NEVER UINT64_MAX

/* Settings, shared by all peers; times in ns. */
struct stall_conf {
	uint64_t
		limit; /* without progress for so long while something waits = stopped; 0 = policy off */
	uint64_t probe_min, probe_max; /* between two probes: doubles from the one to the other */
	uint64_t trust; /* moving for so long after a stop makes the next stop a first one again */
};

/* 5 s; probes after 1 s, doubling up to 30 s; trusted again after 60 s. */
void stall_conf_default(struct stall_conf *conf);

enum stall_state {
	STALL_IDLE, /* the LND has nothing for it */
	STALL_BUSY, /* the LND has something for it; the clock runs */
	STALL_STOPPED, /* messages to it are dropped */
};

/* Zero-initialised = idle, never stopped. */
struct stall {
	enum stall_state state;
	uint8_t level; /* of the probe interval: probe_min << level */
	uint64_t
		since; /* BUSY: first message or last progress; STOPPED: the stop or last probe; IDLE: last answer */
	uint64_t moving_since; /* last answer to a probe; 0 = never stopped */
	uint64_t probe_at; /* STOPPED */
};

/*
 * A message for the peer was given to the LND. One that waits in the core for the credit of an interface does not count:
 * it waits for other peers. No effect while stopped.
 */
void stall_queued(struct stall *s, uint64_t now);

/* The transport moved: bytes acknowledged, or a send completed without error. No effect while stopped. */
void stall_progress(struct stall *s, uint64_t now);

/* The LND has nothing for the peer any more that is not acknowledged. No effect while stopped. */
void stall_idle(struct stall *s);

/*
 * True: the peer has just become stopped, and the core fails all that waits for it and closes its connections.
 * Call it when stall_deadline() has passed; an early call is harmless.
 */
bool stall_check(struct stall *s, const struct stall_conf *conf, uint64_t now);

/* Is a message to this peer to be dropped? Asked when its header is parsed and when a waiting one is woken. */
static inline bool
stall_is_stopped(const struct stall *s)
{
	return s->state == STALL_STOPPED;
}

/*
 * True: send one ping of this node's own to the peer now. Call it when stall_deadline() has passed; an early call
 * is harmless.
 */
bool stall_probe_due(struct stall *s, const struct stall_conf *conf, uint64_t now);

/* A sign of life that proves nothing (the peer connected to us): probe it soon, probe_min after the last one. */
void stall_hint(struct stall *s, const struct stall_conf *conf);

/* The peer answered a probe: it moves again. Return: true if it was stopped. */
bool stall_answered(struct stall *s, uint64_t now);

/* When stall_check() or stall_probe_due() has something to say; STALL_NEVER: not before another call here. */
uint64_t stall_deadline(const struct stall *s, const struct stall_conf *conf);
