// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Number tables at the size of a carrier: ten million prefixes, each offered by one to three of 40 trunks, written into
// a CSV file and loaded; then bytes a prefix, ns a look-up and ns a changed row. Prefixes as price lists have them, and
// as the worst case uniformly random numbers of ten digits in no order.
#include "bench.h"

#include <inttypes.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/numbers_csv.h"
#include "unit/random.h"

#define TRUNKS 40
#define PRICE_LISTS 300
#define DESTINATIONS 2000 // each with its own offers
#define OFFERS_MAX 3
#define NUMBER_DIGITS 12
#define CHANGES 1000

struct destination {
	uint32_t count;
	struct offer offers[OFFERS_MAX];
};

// What the file is made from.
struct world {
	struct random random;
	uint32_t prefix_count;
	struct destination destinations[DESTINATIONS];
	struct prefix_table seen;
	uint64_t *prefixes; // packed
};

struct mode {
	const char *name;
	struct prefix (*draw)(struct random *random);
	bool sorted;
};

struct lookups {
	struct numbers *table;
	const struct prefix *numbers;
	uint32_t count;
	uint64_t nothing; // is 0, which the compiler does not know
	uint64_t found;
};

static void check(bool good, const char *what) {
	if (good)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static const char *const *trunk_names(void) {
	static char text[TRUNKS][16];
	static const char *names[TRUNKS];

	for (uint32_t i = 0; i < TRUNKS; i++) {
		snprintf(text[i], sizeof(text[i]), "carrier-%02u", i);
		names[i] = text[i];
	}
	return names;
}

// --- the file ---

// Country codes with the area codes they have here: as many prefixes begin with one as it has of these.
static const struct {
	uint16_t code, areas;
} countries[] = {
	{.code = 1, .areas = 300},  {.code = 7, .areas = 150},	{.code = 20, .areas = 40},  {.code = 27, .areas = 40},
	{.code = 30, .areas = 40},  {.code = 31, .areas = 60},	{.code = 32, .areas = 50},  {.code = 33, .areas = 100},
	{.code = 34, .areas = 80},  {.code = 39, .areas = 150}, {.code = 41, .areas = 50},  {.code = 43, .areas = 80},
	{.code = 44, .areas = 250}, {.code = 46, .areas = 60},	{.code = 48, .areas = 80},  {.code = 49, .areas = 300},
	{.code = 52, .areas = 120}, {.code = 55, .areas = 150}, {.code = 61, .areas = 60},  {.code = 62, .areas = 80},
	{.code = 81, .areas = 120}, {.code = 86, .areas = 250}, {.code = 90, .areas = 80},  {.code = 91, .areas = 250},
	{.code = 351, .areas = 30}, {.code = 353, .areas = 30}, {.code = 358, .areas = 30}, {.code = 380, .areas = 60},
	{.code = 420, .areas = 40}, {.code = 971, .areas = 20},
};

static struct prefix area_prefix(uint16_t country_code, uint16_t area_code) {
	char text[PREFIX_DIGITS_MAX + 1];

	snprintf(text, sizeof(text), "%u%03u", country_code, area_code);
	return prefix_of(str_from_c(text));
}

static struct prefix with_random_digits(struct random *random, struct prefix prefix, uint8_t len) {
	for (; prefix.len < len; prefix.len++)
		prefix.digits |= random_below(random, 10) << (60 - 4 * prefix.len);
	return prefix;
}

// A country, an area of it, and what is left of 5 to 10 digits.
static struct prefix draw_listed(struct random *random) {
	uint32_t area, country = 0, areas = 0;
	struct prefix prefix;

	for (uint32_t i = 0; i < ARRAY_LEN(countries); i++)
		areas += countries[i].areas;
	area = (uint32_t)random_below(random, areas);
	for (; area >= countries[country].areas; country++)
		area -= countries[country].areas;
	prefix = area_prefix(countries[country].code, (uint16_t)(200 + area));
	return with_random_digits(random, prefix, (uint8_t)(prefix.len + 1 + random_below(random, 10 - prefix.len)));
}

static struct prefix draw_uniform(struct random *random) {
	return with_random_digits(random, (struct prefix){0}, 10);
}

static const struct mode modes[] = {
	{.name = "price lists, sorted", .draw = draw_listed, .sorted = true},
	{.name = "random numbers, unsorted", .draw = draw_uniform},
};

// A price list is one trunk's, at one of seven or eight levels.
static struct offer offer_of(struct random *random) {
	uint32_t list = (uint32_t)random_below(random, PRICE_LISTS);

	return (struct offer){.trunk = (uint16_t)(list % TRUNKS), .cost = 20 + 137 * (list / TRUNKS) + list % TRUNKS};
}

static bool is_offered(const struct destination *destination, uint16_t trunk) {
	for (uint32_t i = 0; i < destination->count; i++)
		if (destination->offers[i].trunk == trunk)
			return true;
	return false;
}

static void draw_destinations(struct world *world) {
	for (uint32_t i = 0; i < DESTINATIONS; i++) {
		struct destination *destination = &world->destinations[i];
		uint64_t wanted = 1 + random_below(&world->random, OFFERS_MAX);

		while (destination->count < wanted) {
			struct offer offer = offer_of(&world->random);

			if (!is_offered(destination, offer.trunk))
				destination->offers[destination->count++] = offer;
		}
	}
}

static int compare_packed(const void *a, const void *b) {
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void draw_prefixes(struct world *world, const struct mode *mode) {
	check(prefix_table_init(&world->seen, world->prefix_count, MEM_HUGE_OFF) == 0, "prefix_table_init");
	world->prefixes = calloc(world->prefix_count, sizeof(*world->prefixes));
	check(world->prefixes, "calloc");
	for (uint32_t i = 0; i < world->prefix_count;) {
		struct prefix prefix = mode->draw(&world->random);

		if (prefix_get(&world->seen, prefix) != PREFIX_NONE)
			continue;
		prefix_set(&world->seen, prefix, i);
		world->prefixes[i++] = numbers_pack(prefix);
	}
	if (mode->sorted)
		qsort(world->prefixes, world->prefix_count, sizeof(*world->prefixes), compare_packed);
}

// Neighbours go to the same destination: what their first six digits say.
static const struct destination *destination_of(const struct world *world, struct prefix prefix) {
	uint64_t spread = (prefix_cut(prefix, 6).digits >> 40) * 0x9e3779b97f4a7c15;

	return &world->destinations[(spread >> 32) % DESTINATIONS];
}

static void write_rows(const struct world *world, FILE *file) {
	const char *const *names = trunk_names();
	char digits[PREFIX_DIGITS_MAX + 1];

	fputs("prefix,trunk,cost\n", file);
	for (uint32_t i = 0; i < world->prefix_count; i++) {
		struct prefix prefix = numbers_unpack(world->prefixes[i]);
		const struct destination *destination = destination_of(world, prefix);

		prefix_text(prefix, digits);
		for (uint32_t j = 0; j < destination->count; j++) {
			struct offer offer = destination->offers[j];

			fprintf(file,
				"%s,%s,%u.%04u\n",
				digits,
				names[offer.trunk],
				offer.cost / 10000,
				offer.cost % 10000);
		}
	}
}

static void write_file(const struct mode *mode, uint32_t prefix_count, int descriptor) {
	static struct world world = {.random = {.state = 0x5eed}};
	FILE *file = fdopen(descriptor, "w");

	check(file, "fdopen");
	world.prefix_count = prefix_count;
	draw_destinations(&world);
	draw_prefixes(&world, mode);
	write_rows(&world, file);
	check(fclose(file) == 0, "writing the file");
}

// The file has no name, so that nothing of it stays; returns it open. It is written by a process of its own, so that
// the memory for that is not in our peak.
static int make_file(const struct mode *mode, uint32_t prefix_count) {
	const char *folder = getenv("TMPDIR");
	int descriptor, status;
	char path[4096];
	pid_t child;

	snprintf(path, sizeof(path), "%s/numbers_bench_XXXXXX", folder ? folder : "/tmp");
	descriptor = mkstemp(path);
	check(descriptor >= 0 && unlink(path) == 0, "mkstemp");
	child = fork();
	check(child >= 0, "fork");
	if (child == 0) {
		write_file(mode, prefix_count, descriptor);
		_exit(0);
	}
	check(waitpid(child, &status, 0) == child && status == 0, "making the file");
	return descriptor;
}

// --- loading ---

static void load(const char *path, struct numbers *ret_table, struct numbers_csv_report *report) {
	const struct numbers_csv csv = {
		.path = path,
		.kind = NUMBERS_OFFERS,
		.huge = MEM_HUGE_AUTO,
		.trunk_count = TRUNKS,
		.trunks = trunk_names(),
	};

	if (numbers_csv_load(&csv, ret_table, report) != 0) {
		fprintf(stderr, "%s\n", report->texts[0]);
		exit(1);
	}
}

static void print_memory(const char *path, const struct numbers *table) {
	size_t prefixes = prefix_table_bytes(&table->prefixes), all = numbers_bytes(table);
	uint32_t count = numbers_prefix_count(table);
	struct rusage usage;
	struct stat file;

	check(stat(path, &file) == 0 && getrusage(RUSAGE_SELF, &usage) == 0, "stat");
	printf("%" PRIu32 " prefixes, %" PRIu32 " sets, huge pages %s\n",
	       count,
	       numbers_set_count(table),
	       table->prefixes.bucket_mem.huge ? "used" : "not used");
	printf("%.2f bytes a prefix: %.2f prefix table, %.2f sets\n",
	       (double)all / count,
	       (double)prefixes / count,
	       (double)(all - prefixes) / count);
	printf("peak resident so far %.0f MB, the file (%.0f MB mapped) included%s; the table is %.0f MB\n",
	       (double)usage.ru_maxrss * 1024 / 1e6,
	       (double)file.st_size / 1e6,
	       table->prefixes.bucket_mem.huge ? ", huge pages not" : "",
	       (double)all / 1e6);
}

// The first load also brings the file into the page cache and is not counted, but for --quick.
static void bench_load_file(const struct bench_options *options, const char *path, struct numbers *ret_table) {
	static struct numbers_csv_report report;
	struct bench bench = {.name = "load, a row"};
	uint32_t runs = options->quick ? 1 : 4;

	for (uint32_t run = 0; run < runs; run++) {
		if (run > 0)
			numbers_fini(ret_table);
		bench_begin(&bench);
		load(path, ret_table, &report);
		if (run > 0 || options->quick)
			bench_end(&bench, report.row_count);
	}
	bench_print(&bench);
	printf("%" PRIu64 " rows in %.2f s best, %.2f million rows/s\n",
	       report.row_count,
	       bench.ns[0] * (double)report.row_count / 1e9,
	       1e3 / bench.ns[0]);
}

// --- look-ups ---

static void find_all(void *ctx) {
	struct lookups *lookups = ctx;

	for (uint32_t i = 0; i < lookups->count; i++) {
		struct offers offers;
		uint8_t len;

		if (numbers_find(lookups->table, lookups->numbers[i], &offers, &len))
			lookups->found += offers.ptr->cost;
	}
	bench_keep(lookups);
}

// Each waits for what the one before gave, as where something else is done in between.
static void find_in_turn(void *ctx) {
	struct lookups *lookups = ctx;
	uint64_t before = 0;

	for (uint32_t i = 0; i < lookups->count; i++) {
		struct prefix number = lookups->numbers[i];
		struct offers offers;
		uint8_t len;

		number.digits += before & lookups->nothing;
		if (numbers_find(lookups->table, number, &offers, &len))
			before = offers.ptr->cost;
	}
	lookups->found += before;
	bench_keep(lookups);
}

// A row of its own each time, and back again the next time.
static void change_rows(void *ctx) {
	struct lookups *lookups = ctx;

	for (uint32_t i = 0; i < CHANGES; i++) {
		struct offers offers;
		struct offer offer;
		uint8_t len;

		if (!numbers_find(lookups->table, lookups->numbers[i], &offers, &len))
			continue;
		offer = offers.ptr[0];
		offer.cost ^= 1;
		check(numbers_change(lookups->table, prefix_cut(lookups->numbers[i], len), offer) == 0,
		      "numbers_change");
	}
}

static void draw_numbers(struct random *random, struct prefix *numbers, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		numbers[i] = with_random_digits(random, (struct prefix){0}, 10);
}

// Calls go to the prefix of rank r with a probability in proportion to 1/r (Zipf): a rank is N to the power of a number
// between 0 and 1. The table gives its prefixes in no order, which serves as the ranking.
static void draw_calls(struct random *random, const struct numbers *table, struct prefix *numbers, uint32_t count) {
	uint32_t prefix_count = numbers_prefix_count(table), value, i = 0;
	uint64_t *prefixes = calloc(prefix_count, sizeof(*prefixes)), at = 0;
	struct prefix prefix;

	check(prefixes, "calloc");
	while (prefix_walk(&table->prefixes, &at, &prefix, &value))
		prefixes[i++] = numbers_pack(prefix);
	for (i = 0; i < count; i++) {
		double share = (double)(random_next(random) >> 11) / 9007199254740992.0; // of 2^53
		uint32_t rank = (uint32_t)pow(prefix_count, share) - 1;

		prefix = numbers_unpack(prefixes[rank < prefix_count ? rank : prefix_count - 1]);
		numbers[i] = with_random_digits(random, prefix, NUMBER_DIGITS);
	}
	free(prefixes);
}

static double found_share(const struct lookups *lookups) {
	uint32_t found = 0;

	for (uint32_t i = 0; i < lookups->count; i++) {
		struct offers offers;
		uint8_t len;

		found += numbers_find(lookups->table, lookups->numbers[i], &offers, &len);
	}
	return (double)found / lookups->count;
}

static void bench_lookups(const struct bench_options *options, struct numbers *table) {
	struct random random = {.state = 0xca11};
	uint32_t count = options->quick ? 20000 : 1000000;
	struct prefix *numbers = calloc(count, sizeof(*numbers));
	struct lookups lookups = {.table = table, .numbers = numbers, .count = count};

	check(numbers, "calloc");
	draw_numbers(&random, numbers, count);
	printf("of random numbers %.1f%% have a prefix, of calls all\n", 100 * found_share(&lookups));
	bench_time(options, "look-up, random numbers, one after the other", count, find_in_turn, &lookups);
	bench_time(options, "look-up, random numbers, independent", count, find_all, &lookups);
	draw_calls(&random, table, numbers, count);
	check(found_share(&lookups) == 1, "finding every call's prefix");
	bench_time(options, "look-up, calls (Zipf), one after the other", count, find_in_turn, &lookups);
	bench_time(options, "look-up, calls (Zipf), independent", count, find_all, &lookups);
	bench_time(options, "change of one row", CHANGES, change_rows, &lookups);
	free(numbers);
}

static void bench_mode(const struct bench_options *options, const struct mode *mode) {
	int file = make_file(mode, options->quick ? 100000 : 10000000);
	struct numbers table;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	bench_title(mode->name);
	bench_load_file(options, path, &table);
	print_memory(path, &table);
	close(file);
	bench_lookups(options, &table);
	numbers_fini(&table);
}

int main(int argc, char **argv) {
	struct bench_options options = bench_options(argc, argv);

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		bench_mode(&options, &modes[i]);
	return 0;
}
