/* SPDX-License-Identifier: BSD-3-Clause */
/* An LNet node for tests: workers that one thread polls, the core, the loopback, and fake drivers for tcp and o2ib. */
#pragma once

#include "lnet/base/buf.h"
#include "lnet/base/lcore.h"
#include "lnet/base/snapshot.h"
#include "lnet/lnet.h"
#include "tests/fake/fake_lnd.h"

#define FAKE_WORKERS_MAX 4
#define FAKE_S UINT64_C(1000000000)

struct fake_node {
	struct fake_fabric *fabric;
	unsigned int n_workers;
	struct lcore lc[FAKE_WORKERS_MAX];
	struct lcore *lcores[FAKE_WORKERS_MAX];
	struct channel *channel;
	struct quiesce quiesce;
	struct fake_lnd tcp, o2ib;
	struct lnet_params params;
	struct lnet *l;
	char why[128];
	uint64_t now;
};

/* Memory of all nodes of the process; EAL is up. */
void fake_node_mem_init(unsigned int mbufs);
void fake_node_mem_fini(void);
const struct buf_mem *fake_node_mem(void);

/* Small numbers of everything, in fake_node_params(); change them before fake_node_start(). */
void fake_node_init(struct fake_node *n, struct fake_fabric *f, unsigned int n_workers);
/* Make the workers and the core. */
void fake_node_start(struct fake_node *n);
/* Unconfigure, check that nothing leaked, take all away. */
void fake_node_stop(struct fake_node *n);

/* One worker's round, and the control thread's. Return: things that moved. */
unsigned int fake_node_poll_worker(struct fake_node *n, unsigned int worker);
/* All workers and control until nothing moves, frames of the fabric included. */
void fake_node_settle(struct fake_node *n);
/* Time passes, in steps, with polls in between. */
void fake_node_pass(struct fake_node *n, uint64_t ns);

/* "10.0.0.1@tcp": add its NI, 0 or -errno. */
int fake_node_add(struct fake_node *n, const char *nid);
struct lnet_ni *fake_node_ni(struct fake_node *n, const char *nid);
struct lnet_nid fake_nid(const char *text);
uint64_t fake_node_drops(const struct fake_node *n, unsigned int reason);
