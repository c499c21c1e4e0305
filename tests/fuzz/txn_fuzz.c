// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The transaction machines with their table, texts and timers under random events and a clock of our own. Nothing
// leaks, no state waits without a timer but for a server's that waits for its user, nobody gets a second final, and in
// the end all is empty.
#include "fuzz/fuzz.h"

#include "dialog/txn.h"
#include "timers.h"

#define MODELS 16
#define OPS_MAX 512

static const struct config_timers timers = TIMERS_OF_THE_RFC;
static const struct endpoint remotes[] = {
	{.addr = {.family = IP_V4, .bytes = {192, 0, 2, 1}}, .port = 5062},
	{.addr = {.family = IP_V6, .bytes = {0x20, 1, 0xd, 0xb8}}, .port = 5062},
};

// What we know of a transaction.
struct model {
	struct txn_ref ref; // SLOT_NONE: none
	bool has_2xx, has_error;
};

static struct {
	struct blob_arena *text;
	struct txn_table table;
	struct model model[MODELS];
	uint64_t now_ms;
	uint64_t next_key;
} world;

static struct txn *txn_of(const struct model *model) {
	return model->ref.slot == SLOT_NONE ? NULL : txn_get(&world.table, model->ref);
}

static struct model *model_of(const struct txn *txn) {
	struct txn_ref ref = txn_ref_of(&world.table, txn);

	for (unsigned i = 0; i < MODELS; i++)
		if (world.model[i].ref.slot == ref.slot && world.model[i].ref.generation == ref.generation)
			return &world.model[i];
	FUZZ_CHECK(false);
	return NULL;
}

static void check_timer(const struct txn *txn) {
	bool waits_for_user = !txn_is_client(txn) && (txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING);

	FUZZ_CHECK(waits_for_user || timer_is_armed(&world.table.queues, txn));
}

// One final error at most, and none beside a 2xx: to the wire for a server, to the user for a client.
static void check_finals(struct model *model, enum txn_event event, unsigned actions) {
	bool goes_on = (actions & (TXN_DO_SEND | TXN_DO_PASS)) != 0;

	if (goes_on && (event == TXN_RX_2XX || event == TXN_TU_2XX)) {
		FUZZ_CHECK(!model->has_error);
		model->has_2xx = true;
	}
	if (goes_on && (event == TXN_RX_FINAL || event == TXN_TU_FINAL)) {
		FUZZ_CHECK(!model->has_error && !model->has_2xx);
		model->has_error = true;
	}
}

static void after(struct txn *txn, enum txn_event event, unsigned actions, bool is_freed_by_table) {
	struct model *model = model_of(txn);

	check_finals(model, event, actions);
	if (!(actions & TXN_DO_FREE)) {
		FUZZ_CHECK(txn->state != TXN_TERMINATED && txn->state != TXN_NONE);
		check_timer(txn);
		return;
	}
	model->ref.slot = SLOT_NONE;
	if (!is_freed_by_table)
		txn_free(&world.table, txn);
}

static bool fired(void *ctx, struct txn *txn, enum txn_event event, unsigned actions) {
	(void)ctx;
	after(txn, event, actions, true);
	return true;
}

static void pass(uint64_t ms) {
	world.now_ms += ms;
	while (txn_expire(&world.table, world.now_ms, 100, fired, NULL) > 0)
		;
}

static void step(struct txn *txn, enum txn_event event) {
	after(txn, event, txn_step(&world.table, txn, event, world.now_ms), false);
}

static void create(struct model *model, uint8_t how) {
	const struct sip_msg request = {.is_request = true, .method = how & 1 ? SIP_INVITE : SIP_BYE};
	uint64_t number = ++world.next_key;
	struct txn_key key = {.hash = number * UINT64_C(0x9e3779b97f4a7c15), .check = number};
	const struct endpoint *remote = &remotes[how >> 1 & 1];
	struct txn *txn;

	if (how & 4)
		txn = txn_server_create(&world.table, &request, key, remote, world.now_ms);
	else
		txn = txn_client_create(&world.table, request.method, 7, remote, world.now_ms);
	if (!txn)
		return;
	*model = (struct model){.ref = txn_ref_of(&world.table, txn)};
	if (how & 4)
		return;
	(void)txn_store(&world.table, txn, STR("request"), how & 8 ? STR("compact") : STR(""));
	step(txn, TXN_START);
}

static void keep(struct txn *txn, uint8_t how) {
	static const struct str texts[] = {
		{.ptr = "", .len = 0}, {.ptr = "Server: x\r\n", .len = 11}, {.ptr = "Server: y\r\n", .len = 11}};
	struct str text = texts[(how >> 3) % ARRAY_LEN(texts)], kept;
	bool done = false;

	// A transaction that is going to send again needs its message.
	if (txn_is_client(txn) || txn->state == TXN_COMPLETED)
		return;
	switch (how % 4) {
	case 0:
		done = txn_keep(&world.table, txn, text);
		break;
	case 1:
		done = txn_keep_common(&world.table, txn, text);
		break;
	case 2:
		txn_forget(&world.table, txn);
		break;
	case 3:
		txn_lose(&world.table, txn);
		break;
	}
	kept = txn_kept(&world.table, txn);
	FUZZ_CHECK(!done || str_eq(kept, text));
}

static void set_cancel(struct model *invite, struct model *cancel) {
	struct txn *a = txn_of(invite), *b = txn_of(cancel);

	if (a && b && a != b && a->kind == TXN_INVITE_CLIENT && b->kind == TXN_CLIENT)
		(void)txn_set_cancel(&world.table, a, b);
}

static void operate(uint8_t op, uint8_t which, uint8_t how) {
	struct model *model = &world.model[which % MODELS];
	struct txn *txn = txn_of(model);

	switch (op % 6) {
	case 0:
		if (!txn)
			create(model, how);
		break;
	case 1:
		if (txn && how % TXN_EVENT_COUNT != TXN_START)
			step(txn, how % TXN_EVENT_COUNT);
		break;
	case 2:
		if (txn)
			keep(txn, how);
		break;
	case 3:
		pass((uint64_t)how * how);
		break;
	case 4:
		blob_fail_at(world.text, how % 4);
		break;
	case 5:
		set_cancel(model, &world.model[how % MODELS]);
		break;
	}
}

// Servers whose users never answer are given up; all else ends by itself.
static void settle(void) {
	blob_fail_at(world.text, 0);
	for (unsigned i = 0; i < MODELS; i++) {
		struct txn *txn = txn_of(&world.model[i]);

		if (txn && !txn_is_client(txn) && (txn->state == TXN_TRYING || txn->state == TXN_PROCEEDING))
			step(txn, TXN_TU_ABANDON);
	}
	for (int i = 0; i < 600 && world.table.queues.armed > 0; i++)
		pass(1000);
	FUZZ_CHECK(world.table.pool.used == 0 && world.table.servers.used == 0);
	FUZZ_CHECK(world.table.queues.armed == 0 && world.table.live == 0 && world.table.lingering == 0);
	FUZZ_CHECK(blob_used(world.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (!world.text) {
		FUZZ_CHECK(blob_arena_create(4 << 20, MEM_HUGE_OFF, &world.text) == 0);
		FUZZ_CHECK(txn_table_init(&world.table, MODELS, MEM_HUGE_OFF, world.text, &timers) == 0);
		world.table.seed = 42;
		world.now_ms = 1;
	}
	for (unsigned i = 0; i < MODELS; i++)
		world.model[i].ref.slot = SLOT_NONE;
	for (size_t i = 0; i + 3 <= size && i < OPS_MAX * 3; i += 3)
		operate(data[i], data[i + 1], data[i + 2]);
	settle();
	return 0;
}
