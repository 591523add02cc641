/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target over the files of a corpus, as a plain test: what once broke must not break again. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX (1 << 20)

static int
run_file(const char *dir, const char *name)
{
	uint8_t *data = malloc(INPUT_MAX);
	char path[1024];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL || data == NULL)
		return -1;
	size = fread(data, 1, INPUT_MAX, f);
	fclose(f);
	/* a copy of just this size: a byte read behind it is found by the sanitizer */
	data = realloc(data, size > 0 ? size : 1);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned int n = 0;
	struct dirent *e;
	DIR *d;

	d = argc == 2 ? opendir(argv[1]) : NULL;
	if (d == NULL) {
		fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
		return 2;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (run_file(argv[1], e->d_name) < 0)
			return 1;
		n++;
	}
	closedir(d);
	printf("%u inputs\n", n);
	return n > 0 ? 0 : 1;
}
