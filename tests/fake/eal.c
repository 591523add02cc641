/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL for tests. */
#include "tests/fake/eal.h"

#include <rte_eal.h>

#include <stdio.h>
#include <unistd.h>

int
fake_eal_init(unsigned int mb)
{
	char prefix[40], memory[16];
	char *argv[] = {"test",		 "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
			"--log-level=3", "-l",	      "0",	  "-m",		 memory,
			prefix};

	snprintf(memory, sizeof(memory), "%u", mb);
	snprintf(prefix, sizeof(prefix), "--file-prefix=test%d", (int)getpid());
	return rte_eal_init((int)(sizeof(argv) / sizeof(argv[0])), argv) < 0 ? -1 : 0;
}
