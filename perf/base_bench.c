// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The pieces under every record: table, timers, pool, text memory, histogram. Each is filled, worked on in random
// order and emptied at three sizes, because what a step costs is where its memory lies.
#include "bench.h"

#include "base/blob.h"
#include "base/hash.h"
#include "base/hist.h"
#include "base/table.h"
#include "base/timer.h"

#define FIND_BATCH 16
#define SPAN_MS 32000 // 64 times T1
#define TEXT_BYTES 700
#define TEXTS_MAX 1000000

struct record {
	struct pool_head head;
	uint64_t key;
	struct timer timer;
	uint8_t rest[99];
};
static_assert(sizeof(struct record) == 2 * CACHE_LINE, "the size of a small record");

struct rig {
	uint32_t count;
	uint32_t *order; // all slots, shuffled
	struct pool pool;
	struct table table;
	struct timer_queues queues;
	uint64_t now_ms;
	struct blob_arena *arena;
	void **texts;
	uint64_t found;
};

struct step {
	const char *name;
	void (*run)(struct rig *rig);
};

static uint64_t key_of(uint32_t slot) {
	return hash_mix(0x5eed, slot);
}

static void check(bool good, const char *what) {
	if (good)
		return;
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static bool same_key(const void *ctx, uint32_t slot) {
	const struct rig *rig = ctx;

	return ((struct record *)pool_at(&rig->pool, slot))->key == key_of(slot);
}

static void pool_take_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		bench_keep(pool_take(&rig->pool));
}

static void pool_give_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		pool_give(&rig->pool, pool_at(&rig->pool, rig->order[i]));
}

static void table_insert_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		table_insert(&rig->table, key_of(rig->order[i]), rig->order[i]);
}

static void table_find_hit(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		rig->found += table_find(&rig->table, key_of(rig->order[i]), same_key, rig) != SLOT_NONE;
}

static void table_find_miss(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		rig->found += table_find(&rig->table, ~key_of(rig->order[i]), same_key, rig) != SLOT_NONE;
}

static void find_batches(struct rig *rig, uint64_t flip) {
	for (uint32_t i = 0; i + FIND_BATCH <= rig->count; i += FIND_BATCH) {
		for (uint32_t j = i; j < i + FIND_BATCH; j++)
			table_prefetch(&rig->table, key_of(rig->order[j]) ^ flip);
		for (uint32_t j = i; j < i + FIND_BATCH; j++)
			rig->found += table_find(&rig->table, key_of(rig->order[j]) ^ flip, same_key, rig) != SLOT_NONE;
	}
}

static void table_find_hit_batch(struct rig *rig) {
	find_batches(rig, 0);
}

static void table_find_miss_batch(struct rig *rig) {
	find_batches(rig, UINT64_MAX);
}

static void table_remove_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		table_remove(&rig->table, key_of(rig->order[i]), rig->order[i]);
}

static const uint32_t waits[] = {500, 5000, 32000, 180000};

static void timer_arm_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++) {
		uint32_t slot = rig->order[i];

		timer_arm(
			&rig->queues, pool_at(&rig->pool, slot), rig->now_ms, rig->now_ms + waits[i % ARRAY_LEN(waits)]
		);
	}
}

static void timer_move_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		timer_arm(&rig->queues, pool_at(&rig->pool, rig->order[i]), rig->now_ms, rig->now_ms + 32000);
}

static void timer_cancel_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		timer_cancel(&rig->queues, pool_at(&rig->pool, rig->order[i]));
}

static void count_fired(void *ctx, void *record) {
	struct rig *rig = ctx;

	(void)record;
	rig->found++;
}

// As a steady load gives it: each is armed for 32 s at its time, and fires then.
static void timer_arm_expire_all(struct rig *rig) {
	uint32_t i = 0;

	for (uint32_t ms = 0; ms <= 2 * SPAN_MS; ms++, rig->now_ms++) {
		uint32_t end = ms < SPAN_MS ? (uint32_t)((uint64_t)rig->count * (ms + 1) / SPAN_MS) : rig->count;

		timer_expire(&rig->queues, rig->now_ms, UINT32_MAX, count_fired, rig);
		for (; i < end; i++)
			timer_arm(&rig->queues, pool_at(&rig->pool, rig->order[i]), rig->now_ms, rig->now_ms + SPAN_MS);
	}
}

static void blob_take_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		rig->texts[i] = blob_take(rig->arena, TEXT_BYTES);
}

static void blob_give_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++)
		blob_give(rig->arena, rig->texts[rig->order[i]], TEXT_BYTES);
}

// Beside all the others: one given, another taken, at random places.
static void blob_replace_all(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++) {
		uint32_t at = rig->order[i];

		blob_give(rig->arena, rig->texts[at], TEXT_BYTES);
		rig->texts[at] = blob_take(rig->arena, TEXT_BYTES);
	}
}

static void shuffle(uint32_t *order, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t j = (uint32_t)(hash_mix(0x0dde, i) % (i + 1)), kept = order[i];

		order[i] = order[j];
		order[j] = kept;
	}
}

// Takes the records in order, so that order[i] is a slot taken; what is under test goes over them at random.
static void rig_init(struct rig *rig, uint32_t count) {
	*rig = (struct rig){.count = count, .order = calloc(count, sizeof(*rig->order))};
	check(rig->order != NULL, "calloc");
	shuffle(rig->order, count);
	check(pool_init(&rig->pool, sizeof(struct record), count, MEM_HUGE_AUTO) == 0, "pool_init");
	check(table_init(&rig->table, count, MEM_HUGE_AUTO) == 0, "table_init");
	rig->now_ms = 1000000;
	timer_queues_init(
		&rig->queues, &rig->pool, offsetof(struct record, timer), waits, ARRAY_LEN(waits), rig->now_ms
	);
}

static void rig_take(struct rig *rig) {
	for (uint32_t i = 0; i < rig->count; i++) {
		struct record *record = pool_take(&rig->pool);

		record->key = key_of(pool_slot(&rig->pool, record));
	}
}

static void rig_fini(struct rig *rig) {
	table_fini(&rig->table);
	pool_fini(&rig->pool);
	free(rig->order);
}

// Runs the steps one after the other, as often as the options say; the first round warms up and is not counted.
static void run_steps(struct rig *rig, uint32_t runs, const struct step *steps, size_t step_count) {
	struct bench benches[16] = {0};

	check(step_count <= ARRAY_LEN(benches), "too many steps");
	for (uint32_t run = 0; run <= runs; run++) {
		for (size_t i = 0; i < step_count; i++) {
			benches[i].name = steps[i].name;
			bench_begin(&benches[i]);
			steps[i].run(rig);
			if (run > 0)
				bench_end(&benches[i], rig->count);
		}
	}
	for (size_t i = 0; i < step_count; i++)
		bench_print(&benches[i]);
	bench_keep(rig);
}

// Few where a run is long.
static uint32_t runs_of(const struct bench_options *options, uint32_t count) {
	uint32_t most = count <= 1000 ? BENCH_RUNS_MAX : count <= 1000000 ? 5 : 3;

	return options->runs < most && count > 1000 ? options->runs : most;
}

static const struct step pool_steps[] = {
	{.name = "pool take", .run = pool_take_all},
	{.name = "pool give", .run = pool_give_all},
};

static const struct step record_steps[] = {
	{.name = "table insert", .run = table_insert_all},
	{.name = "table find, hit", .run = table_find_hit},
	{.name = "table find, hit, 16 prefetched", .run = table_find_hit_batch},
	{.name = "table find, miss", .run = table_find_miss},
	{.name = "table find, miss, 16 prefetched", .run = table_find_miss_batch},
	{.name = "table remove", .run = table_remove_all},
	{.name = "timer arm", .run = timer_arm_all},
	{.name = "timer arm again", .run = timer_move_all},
	{.name = "timer cancel", .run = timer_cancel_all},
	{.name = "timer arm and expire, with 64,000 ticks", .run = timer_arm_expire_all},
};

static const struct step blob_steps[] = {
	{.name = "blob take", .run = blob_take_all},
	{.name = "blob give and take, all others held", .run = blob_replace_all},
	{.name = "blob give", .run = blob_give_all},
};

static void bench_records(const struct bench_options *options, uint32_t count) {
	uint32_t runs = runs_of(options, count);
	char title[96];
	struct rig rig;

	rig_init(&rig, count);
	snprintf(title, sizeof(title), "%u records, huge pages %s", count, rig.pool.mem.huge ? "used" : "not used");
	bench_title(title);
	run_steps(&rig, runs, pool_steps, ARRAY_LEN(pool_steps));
	pool_fini(&rig.pool);
	check(pool_init(&rig.pool, sizeof(struct record), count, MEM_HUGE_AUTO) == 0, "pool_init");
	rig_take(&rig);
	run_steps(&rig, runs, record_steps, ARRAY_LEN(record_steps));
	rig_fini(&rig);
}

static void bench_texts(const struct bench_options *options, uint32_t count) {
	struct rig rig = {.count = count, .order = calloc(count, sizeof(*rig.order))};
	uint32_t runs = runs_of(options, count);
	char title[96];

	rig.texts = calloc(count, sizeof(*rig.texts));
	check(rig.order && rig.texts, "calloc");
	check(blob_arena_create((size_t)count * TEXT_BYTES * 5 / 4, MEM_HUGE_AUTO, &rig.arena) == 0,
	      "blob_arena_create");
	shuffle(rig.order, count);
	snprintf(title, sizeof(title), "%u texts of %u bytes", count, TEXT_BYTES);
	bench_title(title);
	run_steps(&rig, runs, blob_steps, ARRAY_LEN(blob_steps));
	blob_arena_destroy(rig.arena);
	free(rig.texts);
	free(rig.order);
}

static void add_thousand(void *ctx) {
	for (uint64_t i = 0; i < 1000; i++)
		hist_add(ctx, key_of((uint32_t)i) % 100000);
}

int main(int argc, char **argv) {
	static const uint32_t counts[] = {1000, 1000000, 10000000};
	struct bench_options options = bench_options(argc, argv);
	static struct hist hist;

	for (size_t i = 0; i < ARRAY_LEN(counts) - options.quick; i++)
		bench_records(&options, counts[i]);
	bench_texts(&options, 1000);
	bench_texts(&options, TEXTS_MAX);
	bench_title("histogram");
	bench_time(&options, "hist add", 1000, add_thousand, &hist);
	return 0;
}
