/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The three blocks of a pcapng file that a capture needs (draft-ietf-opsawg-pcapng). DPDK's rte_pcapng is not used: its
 * time base is one variable that all capturing lcores write. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_NAME_MAX 64
#define PCAPNG_BLOCK_MAX 256 /* of any block, the packet's bytes not counted */

/* Section header. @out holds PCAPNG_BLOCK_MAX. Return: its length. */
size_t pcapng_section(uint8_t *out);

/* Interface 0, Ethernet, times in nanoseconds. Return: its length. */
size_t pcapng_interface(uint8_t *out, const char *name, uint32_t snaplen);

/*
 * Packet of interface 0: its block's head goes before the @captured bytes, the tail after them.
 * @wall	ns since 1970
 * @original	bytes that the packet had
 * Return: length of the head; *@tail_len, @tail are for behind the bytes.
 */
size_t pcapng_packet(uint8_t *head, uint8_t *tail, size_t *tail_len, uint64_t wall,
		     uint32_t captured, uint32_t original, bool inbound);
