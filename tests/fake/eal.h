/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL for a test program: no hugepages, no devices, no files left behind. */
#pragma once

/* Once per process, before any pool is made. @mb: memory. Return: 0, -1. */
int fake_eal_init(unsigned int mb);
