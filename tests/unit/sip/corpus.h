// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The torture messages of RFC 4475 and RFC 5118 as test input, and the four locators to read them with.
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "sip/locate.h"
#include "unit/test.h"

#define CORPUS_MAX 128
#define LOCATORS 4

struct corpus_message {
	char name[64];
	char *bytes;
	size_t len;
};

struct corpus {
	size_t count;
	struct corpus_message message[CORPUS_MAX];
};

static inline void corpus_read(struct corpus_message *message, const char *path) {
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	message->bytes = malloc(SIP_MESSAGE_MAX);
	assert_non_null(message->bytes);
	message->len = fread(message->bytes, 1, SIP_MESSAGE_MAX, file);
	fclose(file);
}

static inline void corpus_add_folder(struct corpus *corpus, const char *folder) {
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", TEST_DATA, folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct corpus_message *message = &corpus->message[corpus->count];

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "MANIFEST.tsv") == 0)
			continue;
		assert_true(corpus->count < CORPUS_MAX);
		snprintf(message->name, sizeof(message->name), "%.60s", entry->d_name);
		snprintf(path, sizeof(path), "%s/%s/%s", TEST_DATA, folder, entry->d_name);
		corpus_read(message, path);
		corpus->count++;
	}
	closedir(dir);
}

static inline struct corpus corpus_load(void) {
	struct corpus corpus = {0};

	corpus_add_folder(&corpus, "rfc4475");
	corpus_add_folder(&corpus, "rfc5118");
	return corpus;
}

static inline void corpus_free(struct corpus *corpus) {
	for (size_t i = 0; i < corpus->count; i++)
		free(corpus->message[i].bytes);
}

// The scalar locator first: it defines what the others must give. One this machine cannot run is the scalar again.
static inline void locators_init(struct sip_locator *locators) {
	static const enum locator_kind kinds[LOCATORS] = {
		LOCATOR_SCALAR, LOCATOR_AVX2, LOCATOR_AVX512, LOCATOR_HYPERSCAN};

	for (int i = 0; i < LOCATORS; i++) {
		int error = sip_locator_init(&locators[i], kinds[i]);

		if (error == -ENOTSUP)
			error = sip_locator_init(&locators[i], LOCATOR_SCALAR);
		assert_int_equal(error, 0);
	}
}

static inline void locators_fini(struct sip_locator *locators) {
	for (int i = 0; i < LOCATORS; i++)
		sip_locator_fini(&locators[i]);
}
