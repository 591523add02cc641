/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fixed-size objects allocated at start (a named rte_mempool underneath). Any thread may take and give; an
 * lcore has a cache of its own. What is out is known, so that a release can prove that nothing leaked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct pool;

/*
 * @name	at most 25 characters, unique in the process
 * @count	objects, @size bytes each: so many can always be out at once, whatever sits in the caches of lcores; up
 *		to half as many more can be had by luck, so it is no limit
 * @socket	NUMA node, or -1
 * Thread: control. Return: 0, -ENOMEM, -EEXIST, -EINVAL.
 */
int pool_create(const char *name, unsigned int count, size_t size, int socket, struct pool **poolp);

/* All objects must be back. NULL is fine. Thread: control. */
void pool_destroy(struct pool *p);

/* Object with undefined content, or NULL when empty. The first line of the next one is asked for. */
void *pool_get(struct pool *p);
void pool_put(struct pool *p, void *obj);

/* Objects now out; exact only while no other thread takes or gives. */
unsigned int pool_used(const struct pool *p);
unsigned int pool_size(const struct pool *p);
const char *pool_name(const struct pool *p);
