/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL for tests that use pools or rings: no hugepages, no devices, and nothing left on the machine: its run-time
 * directory is a private one that goes with the test.
 */
#pragma once

#include <rte_eal.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* cmocka group setup. */
static inline int
test_eal_setup(void **)
{
	static const char *const args[] = {"test",
					   "--no-huge",
					   "--no-pci",
					   "--no-shconf",
					   "--no-telemetry",
					   "--log-level=lib.*:error",
					   "-m",
					   "64",
					   "-l",
					   "0"};
	char *argv[sizeof(args) / sizeof(args[0])];
	char dir[] = "/tmp/base_test_XXXXXX";
	size_t i;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		argv[i] = (char *)(uintptr_t)args[i];
	if (mkdtemp(dir) == NULL || setenv("RUNTIME_DIRECTORY", dir, 1) < 0)
		return -1;
	return rte_eal_init((int)i, argv) < 0 ? -1 : 0;
}

/* cmocka group teardown; fails when EAL left a file. */
static inline int
test_eal_teardown(void **)
{
	static const char *const made[] = {"/dpdk/rte", "/dpdk", ""};
	const char *dir = getenv("RUNTIME_DIRECTORY");
	char path[128];
	size_t i;
	int rc = rte_eal_cleanup();

	for (i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", dir, made[i]);
		rc |= rmdir(path);
	}
	return rc;
}
