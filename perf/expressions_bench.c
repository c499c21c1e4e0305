// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The expressions of routing rules: what compiling costs, with and without the cache, and what a request costs, beside
// a loop over PCRE2 with JIT on the same expressions and requests. Both must find the same, or the program fails.
#include "bench.h"

#include <dirent.h>
#include <hs/hs.h>
#include <unistd.h>

#include "base/hash.h"
#include "control/expressions_cache.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { URI, FROM, TO, ASSERTED, AGENT, FIELDS };

#define REQUESTS 256
#define VALUE_SIZE 128
#define PATTERN_SIZE 96
#define BUFFER_SIZE 8192
#define LOOP_MATCHES 1000000 // of PCRE2 in a round of the loop, about; so it takes fewer of the requests

struct request {
	struct str values[FIELDS];
	char bytes[FIELDS][VALUE_SIZE];
};

struct rig {
	uint32_t count;
	struct expression *sources;
	char (*patterns)[PATTERN_SIZE];
	struct request *requests;
	struct expressions set;
	struct expressions_scratch scratch;
	struct expressions_text text, *gathered; // one; one a request
	char buf[BUFFER_SIZE], (*buffers)[BUFFER_SIZE];
	pcre2_match_data *match;
	uint32_t loop_requests;
	uint64_t draws; // of random numbers
	uint64_t found; // matches of the last round
};

static const unsigned countries[] = {49, 44, 33, 39, 34, 31, 48, 1};
static const char *const agents[] = {"Zoiper", "Yealink", "Cisco", "Grandstream"};
static const char *const tops[] = {"com", "net", "org", "de"};

static void check(bool good, const char *what) {
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static unsigned draw(struct rig *rig, unsigned limit) {
	return (unsigned)(hash_mix(0xe5, rig->draws++) % limit);
}

// Number prefixes of the Request-URI, and of who calls; carriers' domains; devices and their versions; ranges of
// numbers in several spellings. In a hundred: 60, 15, 10, 10, 5.
static void write_rule(struct rig *rig, uint32_t id) {
	struct expression *source = &rig->sources[id];
	char *pattern = rig->patterns[id];
	unsigned kind = draw(rig, 100), country = countries[draw(rig, ARRAY_LEN(countries))];

	*source = (struct expression){.pattern = pattern, .field = URI};
	if (kind < 60) {
		snprintf(pattern, PATTERN_SIZE, "^sip:\\+%u%05u", country, draw(rig, 100000));
	} else if (kind < 75) {
		source->field = draw(rig, 2) ? FROM : ASSERTED;
		snprintf(pattern, PATTERN_SIZE, "^sip:\\+%u%06u", country, draw(rig, 1000000));
	} else if (kind < 85) {
		source->field = draw(rig, 2) ? FROM : TO;
		source->caseless = true;
		snprintf(
			pattern,
			PATTERN_SIZE,
			"@([a-z0-9-]+\\.)?carrier%u\\.%s([;:>]|$)",
			draw(rig, 20000),
			tops[draw(rig, ARRAY_LEN(tops))]
		);
	} else if (kind < 95) {
		source->field = AGENT;
		snprintf(
			pattern,
			PATTERN_SIZE,
			"(Zoiper|Yealink|Cisco)[ /-]v?%u\\.%u\\.%u",
			draw(rig, 20),
			draw(rig, 100),
			draw(rig, 1000)
		);
	} else {
		snprintf(
			pattern,
			PATTERN_SIZE,
			"^sips?:(\\+|00)%u(%u|%u)\\d{4,}@",
			country,
			draw(rig, 10000),
			draw(rig, 10000)
		);
	}
}

// Every other one begins as some rule has it, so that there is something to find.
static void write_number(struct rig *rig, char *number, size_t size) {
	static const char head[] = "^sip:\\+";
	const char *pattern = rig->patterns[draw(rig, rig->count)];
	bool known = draw(rig, 2) && strncmp(pattern, head, sizeof(head) - 1) == 0;

	if (known)
		snprintf(number, size, "%s%04u", pattern + sizeof(head) - 1, draw(rig, 10000));
	else
		snprintf(number, size, "%u%09u", countries[draw(rig, ARRAY_LEN(countries))], draw(rig, 1000000000));
}

static void write_request(struct rig *rig, struct request *request) {
	char(*bytes)[VALUE_SIZE] = request->bytes, called[32], calling[32];
	unsigned carrier = draw(rig, 20000);
	const char *top = tops[draw(rig, ARRAY_LEN(tops))];
	int lens[FIELDS];

	write_number(rig, called, sizeof(called));
	write_number(rig, calling, sizeof(calling));
	lens[URI] = snprintf(bytes[URI], VALUE_SIZE, "sip:+%s@198.51.100.10:5060;user=phone", called);
	lens[FROM] = snprintf(bytes[FROM], VALUE_SIZE, "sip:+%s@sbc1.carrier%u.%s", calling, carrier, top);
	lens[TO] = snprintf(bytes[TO], VALUE_SIZE, "sip:+%s@carrier%u.net;user=phone", called, draw(rig, 20000));
	lens[ASSERTED] = snprintf(bytes[ASSERTED], VALUE_SIZE, "sip:+%s@192.0.2.7", calling);
	lens[AGENT] = snprintf(
		bytes[AGENT],
		VALUE_SIZE,
		"%s v%u.%u.%u",
		agents[draw(rig, ARRAY_LEN(agents))],
		draw(rig, 20),
		draw(rig, 100),
		draw(rig, 1000)
	);
	for (unsigned field = 0; field < FIELDS; field++)
		request->values[field] = str_of(bytes[field], (size_t)lens[field]);
}

static void gather(struct expressions_text *text, char *buf, const struct request *request) {
	expressions_text_begin(text, buf, BUFFER_SIZE);
	for (uint8_t field = 0; field < FIELDS; field++)
		expressions_text_add(text, field, request->values[field]);
}

static void rig_init(struct rig *rig, uint32_t count) {
	*rig = (struct rig){.count = count, .loop_requests = LOOP_MATCHES / count};
	if (rig->loop_requests > REQUESTS)
		rig->loop_requests = REQUESTS;
	rig->sources = calloc(count, sizeof(*rig->sources));
	rig->patterns = calloc(count, sizeof(*rig->patterns));
	rig->requests = calloc(REQUESTS, sizeof(*rig->requests));
	rig->gathered = calloc(REQUESTS, sizeof(*rig->gathered));
	rig->buffers = calloc(REQUESTS, sizeof(*rig->buffers));
	rig->match = pcre2_match_data_create(1, NULL);
	check(rig->sources && rig->patterns && rig->requests && rig->gathered && rig->buffers && rig->match,
	      "no memory");
	for (uint32_t i = 0; i < count; i++)
		write_rule(rig, i);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		write_request(rig, &rig->requests[i]);
		gather(&rig->gathered[i], rig->buffers[i], &rig->requests[i]);
	}
}

static void rig_fini(struct rig *rig) {
	expressions_scratch_fini(&rig->scratch);
	expressions_fini(&rig->set);
	pcre2_match_data_free(rig->match);
	free(rig->sources);
	free(rig->patterns);
	free(rig->requests);
	free(rig->gathered);
	free(rig->buffers);
}

static double load(struct rig *rig, const char *directory, bool cached) {
	struct expressions_problem problem;
	uint64_t start = bench_ns();
	bool was_cached;

	if (expressions_load(&rig->set, rig->sources, rig->count, directory, &was_cached, &problem) != 0) {
		fprintf(stderr, "expression %u: %s\n", problem.id, problem.text);
		exit(1);
	}
	check(was_cached == cached, "the cache is not as expected");
	return (double)(bench_ns() - start) / 1e9;
}

static void print_bytes(const struct rig *rig) {
	size_t database = 0, scratch = 0, codes = 0, native = 0, bytes = 0;

	hs_database_size(rig->set.database, &database);
	hs_scratch_size(rig->scratch.scratch, &scratch);
	for (uint32_t i = 0; i < rig->count; i++) {
		pcre2_pattern_info(rig->set.codes[i], PCRE2_INFO_SIZE, &bytes);
		codes += bytes;
		pcre2_pattern_info(rig->set.codes[i], PCRE2_INFO_JITSIZE, &bytes);
		native += bytes;
	}
	printf("bytes: database %zu, PCRE2 %zu and native code %zu, scratch of a core %zu\n",
	       database,
	       codes,
	       native,
	       scratch + rig->scratch.mem.size);
}

static void remove_directory(const char *path) {
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	check(rmdir(path) == 0, "cannot remove the temporary directory");
}

// Compiles into an empty directory, then loads from it.
static void compile(struct rig *rig) {
	char directory[] = "/tmp/expressions-bench-XXXXXX";
	double compiled, cached;

	check(mkdtemp(directory) != NULL, "no temporary directory");
	compiled = load(rig, directory, false);
	expressions_fini(&rig->set);
	cached = load(rig, directory, true);
	remove_directory(directory);
	check(expressions_scratch_init(&rig->scratch, &rig->set) == 0, "no memory");
	printf("\n%u expressions: compiled in %.3f s, loaded from the cache in %.3f s\n", rig->count, compiled, cached);
	print_bytes(rig);
}

static void gather_all(void *ctx) {
	struct rig *rig = ctx;

	for (uint32_t i = 0; i < REQUESTS; i++) {
		gather(&rig->text, rig->buf, &rig->requests[i]);
		bench_keep(rig->buf);
	}
}

static void pass_all(void *ctx) {
	struct rig *rig = ctx;

	rig->found = 0;
	for (uint32_t i = 0; i < REQUESTS; i++) {
		expressions_scan(&rig->set, &rig->scratch, &rig->gathered[i]);
		rig->found += rig->scratch.hit_count;
	}
}

// As routing has it at most: every candidate is confirmed.
static void whole_all(void *ctx) {
	struct expressions_captures captures;
	struct rig *rig = ctx;

	rig->found = 0;
	for (uint32_t i = 0; i < REQUESTS; i++) {
		gather(&rig->text, rig->buf, &rig->requests[i]);
		expressions_scan(&rig->set, &rig->scratch, &rig->text);
		for (uint32_t j = 0; j < rig->scratch.hit_count; j++)
			rig->found += expressions_confirm(
					      &rig->set, &rig->scratch, &rig->text, rig->scratch.hits[j], &captures
				      ) == EXPRESSIONS_CONFIRMED;
	}
}

static uint64_t loop_over(struct rig *rig, const struct request *request) {
	uint64_t found = 0;

	for (uint32_t i = 0; i < rig->count; i++) {
		struct str value = request->values[rig->sources[i].field];

		found += pcre2_jit_match(rig->set.codes[i], (PCRE2_SPTR)value.ptr, value.len, 0, 0, rig->match, NULL) >=
			 0;
	}
	return found;
}

static void loop_all(void *ctx) {
	struct rig *rig = ctx;

	rig->found = 0;
	for (uint32_t i = 0; i < rig->loop_requests; i++)
		rig->found += loop_over(rig, &rig->requests[i]);
}

// Once over all requests, both ways.
static void agree(struct rig *rig) {
	uint64_t looped = 0;

	whole_all(rig);
	for (uint32_t i = 0; i < REQUESTS; i++)
		looped += loop_over(rig, &rig->requests[i]);
	printf("%u requests match %lu times; the loop over PCRE2 says %lu\n", REQUESTS, rig->found, looped);
	check(rig->found == looped, "the pass and the loop do not agree");
}

static void bench_count(const struct bench_options *options, uint32_t count) {
	struct rig *rig = calloc(1, sizeof(*rig));

	check(rig != NULL, "no memory");
	rig_init(rig, count);
	compile(rig);
	agree(rig);
	bench_title("a request of five fields");
	bench_time(options, "gather the fields", REQUESTS, gather_all, rig);
	bench_time(options, "one pass over all expressions", REQUESTS, pass_all, rig);
	bench_time(options, "gather, pass, confirm every hit", REQUESTS, whole_all, rig);
	bench_time(options, "loop over PCRE2 with JIT", rig->loop_requests, loop_all, rig);
	rig_fini(rig);
	free(rig);
}

int main(int argc, char **argv) {
	static const uint32_t counts[] = {1000, 10000, 100000};
	struct bench_options options = bench_options(argc, argv);

	for (size_t i = 0; i < (options.quick ? 1 : ARRAY_LEN(counts)); i++)
		bench_count(&options, counts[i]);
	return 0;
}
