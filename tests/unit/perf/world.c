// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "world.h"

#include "../random.h"
#include "proxy.h"

void world_put(struct world *world, unsigned to, const char *text) {
	struct packet *packet = &world->queue[world->tail++ % WORLD_QUEUE];

	assert_in_range(world->tail - world->head, 1, WORLD_QUEUE);
	packet->to = (uint8_t)to;
	packet->len = (uint32_t)strlen(text);
	assert_true(packet->len < WORLD_TEXT);
	memcpy(packet->text, text, packet->len + 1);
}

static char *room(void *ctx, unsigned side, uint32_t *ret_room) {
	struct world *world = ctx;

	*ret_room = WORLD_TEXT - 1;
	return world->building[side];
}

static bool is_lost(struct world *world, const char *text) {
	if (world->lose == 0 || strncmp(text, world->lose_start, strlen(world->lose_start)) != 0 ||
	    !strstr(text, world->lose_part))
		return false;
	world->lose--;
	return true;
}

static uint64_t put(void *ctx, unsigned side, uint32_t len, uint32_t number) {
	struct world *world = ctx;

	(void)number;
	world->building[side][len] = '\0';
	if (is_lost(world, world->building[side]))
		return world->e.now;
	if (world->o.hops == 0)
		world_put(world, side == SIDE_A ? SIDE_B : SIDE_A, world->building[side]);
	else
		proxy_forward(world, side, world->building[side]);
	return world->e.now;
}

struct world *world_open(int argc, const char *const *argv) {
	struct world *world = calloc(1, sizeof(*world));
	char *args[32] = {"sipgen", "--port-a", "none", "--seed", "1", "--no-hugepages", "--slots", "64"};
	int count = 8;

	assert_non_null(world);
	for (int i = 0; i < argc; i++)
		args[count++] = strdup(argv[i]);
	optind = 0;
	assert_int_equal(options_read(&world->o, count, args), 0);
	for (int i = 8; i < count; i++)
		free(args[i]);
	assert_int_equal(engine_init(&world->e, &world->o, world->o.slots, WORLD_HZ, WORLD_HZ), 0);
	world->e.outlet = (struct outlet){.ctx = world, .room = room, .send = put};
	world->e.mode = (struct engine_mode){
		.scenario = world->o.scenario,
		.is_measured = true,
		.stays = world->o.scenario == SCENARIO_HOLD,
	};
	return world;
}

void world_close(struct world *world) {
	const struct calls *calls = &world->e.calls;

	assert_int_equal(calls->active, 0);
	assert_int_equal(world->e.staying, 0);
	assert_int_equal(calls->free_vias_count, world->o.slots);
	for (uint32_t i = 0; i < calls->timers.queue_count; i++)
		assert_int_equal(calls->timers.queues[i].head, FIFO_NONE);
	engine_fini(&world->e);
	free(world);
}

void world_calls(struct world *world, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		assert_true(engine_call(&world->e, world->e.now));
}

// One byte becomes another, or the end is cut off.
static void damage(struct world *world, struct packet *packet) {
	struct random random = {.state = world->noise};
	uint32_t at = (uint32_t)random_below(&random, packet->len);

	if (random_below(&random, 4) == 0)
		packet->len = at;
	else
		packet->text[at] = "\r\n ,;:<\"\0"[random_below(&random, 9)];
	world->noise = random.state;
}

static void deliver(struct world *world) {
	while (world->head != world->tail) {
		struct packet *packet = &world->queue[world->head++ % WORLD_QUEUE];
		struct sender sender = {0};
		struct guarded text;

		if (world->noise)
			damage(world, packet);
		text = guarded_end(packet->text, packet->len);
		endpoint_parse(
			packet->to == SIDE_A ? STR("192.0.2.1:5060") : STR("198.51.100.1:5060"), 0, &sender.from
		);
		if (world->o.hops == 0)
			sender.from = packet->to == SIDE_A ? world->o.target : world->o.local_a;
		if (world->fault == FAULT_SOURCE_OTHER)
			sender.from.port++;
		engine_receive(&world->e, packet->to, str_of(text.ptr, text.len), &sender);
		guarded_free(&text);
	}
}

void world_run(struct world *world, uint32_t ms) {
	deliver(world);
	for (uint32_t i = 0; i < ms; i++) {
		world->e.now += WORLD_HZ / 1000;
		engine_timers(&world->e, UINT32_MAX);
		deliver(world);
	}
}

void world_finish(struct world *world) {
	for (int i = 0; i < 60000 && world->e.calls.active > world->e.staying; i++)
		world_run(world, 1);
}
