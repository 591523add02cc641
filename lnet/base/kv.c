/* SPDX-License-Identifier: BSD-3-Clause */
/* Parameter lists. */
#include "lnet/base/kv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. */
static int
percent_decode(char *s)
{
	char *out = s;
	int hi, lo;

	for (; *s != '\0'; s++, out++) {
		if (*s != '%') {
			*out = *s;
			continue;
		}
		hi = hex_digit(s[1]);
		lo = hi < 0 ? -1 : hex_digit(s[2]);
		if (lo < 0 || (hi == 0 && lo == 0))
			return -EINVAL;
		*out = (char)(hi << 4 | lo);
		s += 2;
	}
	*out = '\0';
	return 0;
}

static char *
strip(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static int
add(struct kv *kv, char *item)
{
	char *eq = strchr(item, '='), *value = item + strlen(item);
	unsigned int i;

	if (eq != NULL) {
		*eq = '\0';
		value = strip(eq + 1);
		if (percent_decode(value) < 0)
			return -EINVAL;
	}
	item = strip(item);
	if (*item == '\0')
		return -EINVAL;
	for (i = 0; i < kv->n; i++)
		if (strcmp(kv->item[i].key, item) == 0)
			return -EINVAL;
	if (kv->n == KV_MAX)
		return -E2BIG;
	kv->item[kv->n].key = item;
	kv->item[kv->n].value = value;
	kv->item[kv->n].used = false;
	kv->n++;
	return 0;
}

int
kv_parse(struct kv *kv, const char *text, char sep)
{
	char *p, *next;
	int rc;

	kv->n = 0;
	if (text == NULL)
		return 0;
	if (strlen(text) >= sizeof(kv->text))
		return -E2BIG;
	memcpy(kv->text, text, strlen(text) + 1);
	if (*strip(kv->text) == '\0')
		return 0;
	for (p = kv->text; p != NULL; p = next) {
		next = strchr(p, sep);
		if (next != NULL)
			*next++ = '\0';
		rc = add(kv, p);
		if (rc < 0)
			return rc;
	}
	return 0;
}

const char *
kv_get(struct kv *kv, const char *key)
{
	unsigned int i;

	for (i = 0; i < kv->n; i++)
		if (strcmp(kv->item[i].key, key) == 0) {
			kv->item[i].used = true;
			return kv->item[i].value;
		}
	return NULL;
}

int
kv_int(const char *text, int64_t min, int64_t max, int64_t *v)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long n;
	char *end;

	/* strtoll() would also take blanks and a plus sign */
	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	errno = 0;
	n = strtoll(text, &end, 0);
	if (*end != '\0')
		return -EINVAL;
	if (errno == ERANGE || n < min || n > max)
		return -ERANGE;
	*v = n;
	return 0;
}

int
kv_get_int(struct kv *kv, const char *key, int64_t min, int64_t max, int64_t *v)
{
	const char *text = kv_get(kv, key);
	int rc;

	if (text == NULL)
		return 0;
	rc = kv_int(text, min, max, v);
	return rc < 0 ? rc : 1;
}

const char *
kv_unknown(const struct kv *kv)
{
	unsigned int i;

	for (i = 0; i < kv->n; i++)
		if (!kv->item[i].used)
			return kv->item[i].key;
	return NULL;
}
