/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parameters in the form "k=v;k=v" (telemetry) or "k=v,k=v" (command line), parsed once, read by name with a range. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KV_MAX 32
#define KV_TEXT_MAX 1024

struct kv {
	unsigned int n;
	struct {
		const char *key;
		const char *value; /* "" when there was no '=' */
		bool used; /* somebody asked for it: kv_unknown() */
	} item[KV_MAX];
	char text[KV_TEXT_MAX];
};

/*
 * @text may be NULL (no parameters). @sep ';' or ','. Values may be percent-encoded (%2c); blanks around keys and values are dropped.
 * Return: 0, -E2BIG (too long or too many), -EINVAL (empty key, the same key twice, bad percent code).
 */
int kv_parse(struct kv *kv, const char *text, char sep);

/* Value or NULL. */
const char *kv_get(struct kv *kv, const char *key);

/*
 * Whole number in decimal, 0x hex or leading-0 octal; @v is untouched when the key is absent.
 * Return: 1 found, 0 absent, -EINVAL no number, -ERANGE outside @min..@max.
 */
int kv_get_int(struct kv *kv, const char *key, int64_t min, int64_t max, int64_t *v);

/* First key nobody asked for, or NULL. */
const char *kv_unknown(const struct kv *kv);

/* Text to number as above, for other parsers. Return: 0, -EINVAL, -ERANGE. */
int kv_int(const char *text, int64_t min, int64_t max, int64_t *v);
