/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL for tests that use pools or rings: no hugepages, no devices, no files that outlive the process. */
#pragma once

#include <rte_eal.h>

#include <stddef.h>

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
	size_t i;

	for (i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		argv[i] = (char *)(uintptr_t)args[i];
	return rte_eal_init((int)i, argv) < 0 ? -1 : 0;
}

/* cmocka group teardown. */
static inline int
test_eal_teardown(void **)
{
	return rte_eal_cleanup();
}
