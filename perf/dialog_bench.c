// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// Transactions and dialogs: ns to insert, find, step and remove one at 1 thousand, 1 million and 10 million held,
// singly and in prefetched batches, and what each takes in memory in every state, everything included (record, share of
// the table, text, allocator). The messages are those of perf/messages, as tandem would forward them.
#include <inttypes.h>

#include "base/hash.h"
#include "dialog/dialog.h"
#include "dialog/txn.h"
#include "story.h"
#include "timers.h"

#define BATCH 32
#define BYTES_COUNT 100000 // records of which the bytes are an average

static const struct config_timers timers = TIMERS_OF_THE_RFC;

static const struct endpoint remote = {.addr = {.family = IP_V4, .bytes = {192, 0, 2, 10}}, .port = 5060};

// Records are visited in a scrambled order, as the wire would; count is a power of ten, the step coprime to it.
static uint32_t scrambled(uint32_t i, uint32_t count) {
	return (uint32_t)((uint64_t)i * 7919 % count);
}

struct rig {
	struct blob_arena *text;
	struct txn_table txns;
	struct dialog_table dialogs;
};

static void rig_init(struct rig *rig, uint32_t txns, uint32_t dialogs, size_t text) {
	memset(rig, 0, sizeof(*rig));
	if (blob_arena_create(text + (64 << 20), MEM_HUGE_AUTO, &rig->text) ||
	    txn_table_init(&rig->txns, txns, MEM_HUGE_AUTO, rig->text, &timers) ||
	    dialog_table_init(&rig->dialogs, dialogs, MEM_HUGE_AUTO, rig->text, 43200000))
		fail("tables");
	rig->dialogs.own_route[0] = STR(OUR_ROUTE);
	rig->dialogs.own_route[1] = STR("<sip:192.0.2.1:5060;lr;d=");
}

static void rig_fini(struct rig *rig) {
	txn_table_fini(&rig->txns);
	dialog_table_fini(&rig->dialogs);
	blob_arena_destroy(rig->text);
}

// --- bytes ---

static struct txn_key txn_key(const struct rig *rig, const struct sip_msg *request) {
	return txn_key_of(&rig->txns, request, hash_str(rig->txns.seed, request->call_id));
}

static struct dialog_key dialog_key(const struct rig *rig, const struct sip_msg *request) {
	return dialog_key_of(&rig->dialogs, request, hash_str(rig->dialogs.seed, request->call_id));
}

static struct txn *server_of(struct rig *rig, const struct sip_msg *request) {
	struct txn *txn = txn_server_create(&rig->txns, request, txn_key(rig, request), &remote, 0);

	if (!txn)
		fail("server transaction");
	return txn;
}

static struct txn *client_of(struct rig *rig, enum sip_method method, const struct message *message) {
	struct txn *txn = txn_client_create(&rig->txns, method, hash_str(0, story.bye.msg.call_id), &remote, 0);

	if (!txn ||
	    !txn_store(&rig->txns, txn, str_from_c(message->text), method == SIP_INVITE ? story.kept_invite : STR("")))
		fail("client transaction");
	txn_step(&rig->txns, txn, TXN_START, 0);
	return txn;
}

static void invite_server_proceeding(struct rig *rig) {
	struct txn *txn = server_of(rig, &story.invite.msg);

	txn_step(&rig->txns, txn, TXN_TU_1XX, 0);
	txn_keep(&rig->txns, txn, story.kept_ringing);
}

static void invite_client_calling(struct rig *rig) {
	client_of(rig, SIP_INVITE, &story.invite_out);
}

static struct txn *invite_client_ringing(struct rig *rig) {
	struct txn *txn = client_of(rig, SIP_INVITE, &story.invite_out);

	txn_step(&rig->txns, txn, TXN_RX_1XX, 0);
	txn_compact(&rig->txns, txn);
	return txn;
}

static void invite_client_proceeding(struct rig *rig) {
	invite_client_ringing(rig);
}

static void bye_server_trying(struct rig *rig) {
	server_of(rig, &story.bye.msg);
}

static void bye_client_trying(struct rig *rig) {
	client_of(rig, SIP_BYE, &story.bye_out);
}

static void invite_server_accepted(struct rig *rig) {
	txn_step(&rig->txns, server_of(rig, &story.invite.msg), TXN_TU_2XX, 0);
}

static void invite_server_confirmed(struct rig *rig) {
	struct txn *txn = server_of(rig, &story.invite.msg);

	txn_step(&rig->txns, txn, TXN_TU_FINAL, 0);
	txn_store(&rig->txns, txn, str_from_c(story.refusal.text), STR(""));
	txn_step(&rig->txns, txn, TXN_RX_ACK, 0);
}

static void invite_client_accepted(struct rig *rig) {
	txn_step(&rig->txns, invite_client_ringing(rig), TXN_RX_2XX, 0);
}

static void invite_client_completed(struct rig *rig) {
	struct txn *txn = invite_client_ringing(rig);

	txn_step(&rig->txns, txn, TXN_RX_FINAL, 0);
	txn_keep(&rig->txns, txn, story.kept_ack);
}

static void bye_server_completed(struct rig *rig) {
	txn_step(&rig->txns, server_of(rig, &story.bye.msg), TXN_TU_2XX, 0);
}

static void options_server_completed(struct rig *rig) {
	struct txn *txn = server_of(rig, &story.bye.msg);

	txn_step(&rig->txns, txn, TXN_TU_2XX, 0);
	txn_keep(&rig->txns, txn, story.kept_tag);
}

static void bye_client_completed(struct rig *rig) {
	txn_step(&rig->txns, client_of(rig, SIP_BYE, &story.bye_out), TXN_RX_2XX, 0);
}

// As tandem minted the Record-Route of the INVITE.
static struct dialog *dialog_confirmed(struct rig *rig) {
	struct dialog *dialog = dialog_create(&rig->dialogs, &story.invite.msg, dialog_key(rig, &story.invite.msg), 0);

	if (!dialog)
		fail("dialog");
	dialog_mint(&rig->dialogs, dialog, dialog_key(rig, &story.invite.msg).call, story.id);
	for (char *at = strstr(story.answer.text, ";d="); at; at = strstr(at + 1, ";d="))
		memcpy(at + 3, story.id, MINT_LEN);
	if (!dialog_response(&rig->dialogs, dialog, &story.answer.msg, 0))
		fail("dialog");
	return dialog;
}

static void confirmed_dialog(struct rig *rig) {
	dialog_confirmed(rig);
}

static const struct state {
	const char *name;
	void (*make)(struct rig *rig);
	bool is_dialog;
} states[] = {
	{.name = "INVITE server, Proceeding (180 passed)", .make = invite_server_proceeding},
	{.name = "INVITE client, Calling", .make = invite_client_calling},
	{.name = "INVITE client, Proceeding", .make = invite_client_proceeding},
	{.name = "BYE server, Trying", .make = bye_server_trying},
	{.name = "BYE client, Trying", .make = bye_client_trying},
	{.name = "INVITE server, Accepted (Timer L)", .make = invite_server_accepted},
	{.name = "INVITE server, Confirmed (Timer I)", .make = invite_server_confirmed},
	{.name = "INVITE client, Accepted (Timer M)", .make = invite_client_accepted},
	{.name = "INVITE client, Completed (Timer D)", .make = invite_client_completed},
	{.name = "BYE server, Completed (Timer J)", .make = bye_server_completed},
	{.name = "OPTIONS server, Completed (Timer J)", .make = options_server_completed},
	{.name = "BYE client, Completed (Timer K)", .make = bye_client_completed},
	{.name = "confirmed dialog", .make = confirmed_dialog, .is_dialog = true},
};

static void print_bytes(const struct state *state) {
	double record, table, text;
	struct rig rig;
	size_t before;

	rig_init(&rig, BYTES_COUNT, BYTES_COUNT, (size_t)BYTES_COUNT * 2048);
	before = blob_mapped(rig.text);
	for (uint32_t i = 0; i < BYTES_COUNT; i++) {
		story_of(i);
		state->make(&rig);
	}
	text = (double)(blob_mapped(rig.text) - before) / BYTES_COUNT;
	record = state->is_dialog ? rig.dialogs.pool.record_size : rig.txns.pool.record_size;
	table = (double)(state->is_dialog ? rig.dialogs.heads : rig.txns.servers).mem.size / BYTES_COUNT;
	printf("%-44s %6.0f bytes (record %.0f, table %.0f, text %.0f)\n",
	       state->name,
	       record + table + text,
	       record,
	       table,
	       text);
	rig_fini(&rig);
}

// --- time ---

static void transactions_insert(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		story_of(i);
		server_of(rig, &story.bye.msg);
	}
}

static void transactions_find(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		story_of(scrambled(i, count));
		if (!txn_server_find(&rig->txns, txn_key(rig, &story.bye.msg)))
			fail("find");
	}
}

static void transactions_find_batch(struct rig *rig, uint32_t count) {
	struct txn_key key[BATCH];

	for (uint32_t i = 0; i < count; i += BATCH) {
		uint32_t n = count - i < BATCH ? count - i : BATCH;

		for (uint32_t j = 0; j < n; j++) {
			story_of(scrambled(i + j, count));
			key[j] = txn_key(rig, &story.bye.msg);
			txn_prefetch(&rig->txns, key[j]);
		}
		for (uint32_t j = 0; j < n; j++)
			txn_prefetch_record(&rig->txns, key[j]);
		for (uint32_t j = 0; j < n; j++)
			if (!txn_server_find(&rig->txns, key[j]))
				fail("find");
	}
}

// Making the key alone, which the finds above include.
static void transactions_key(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		struct txn_key key;

		story_of(scrambled(i, count));
		key = txn_key(rig, &story.bye.msg);
		bench_keep(&key);
	}
}

// The final response: state, timers, counters.
static void transactions_step(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		txn_step(&rig->txns, pool_at(&rig->txns.pool, scrambled(i, count)), TXN_TU_2XX, 0);
}

static void transactions_remove(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		txn_free(&rig->txns, pool_at(&rig->txns.pool, scrambled(i, count)));
}

static void dialogs_insert(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		story_of(i);
		dialog_confirmed(rig);
	}
}

// The key of a request in dialog number n, and what its Route names: record n lies in slot n.
static struct dialog_key in_dialog(const struct rig *rig, uint32_t n, char *id) {
	struct mint_id name = {.slot = n, .generation = 1};
	struct dialog_key key;

	story_of(n);
	key = dialog_key(rig, &story.bye.msg);
	mint_write(id, MINT_DIALOG, name, rig->dialogs.seed, key.call);
	return key;
}

static void dialogs_key(struct rig *rig, uint32_t count) {
	char id[MINT_LEN];

	for (uint32_t i = 0; i < count; i++) {
		struct dialog_key key = in_dialog(rig, scrambled(i, count), id);

		bench_keep(&key);
	}
}

static void dialogs_find(struct rig *rig, uint32_t count) {
	char id[MINT_LEN];
	bool by_caller;

	for (uint32_t i = 0; i < count; i++) {
		struct dialog_key key = in_dialog(rig, scrambled(i, count), id);

		if (!dialog_find(&rig->dialogs, key, str_of(id, MINT_LEN), &by_caller))
			fail("dialog find");
	}
}

static void dialogs_find_batch(struct rig *rig, uint32_t count) {
	struct dialog_key key[BATCH];
	char id[BATCH][MINT_LEN];
	bool by_caller;

	for (uint32_t i = 0; i < count; i += BATCH) {
		uint32_t n = count - i < BATCH ? count - i : BATCH;

		for (uint32_t j = 0; j < n; j++) {
			key[j] = in_dialog(rig, scrambled(i + j, count), id[j]);
			dialog_prefetch_slot(&rig->dialogs, dialog_slot_of(str_of(id[j], MINT_LEN)));
		}
		for (uint32_t j = 0; j < n; j++)
			if (!dialog_find(&rig->dialogs, key[j], str_of(id[j], MINT_LEN), &by_caller))
				fail("dialog find");
	}
}

static void dialogs_find_by_tags(struct rig *rig, uint32_t count) {
	bool by_caller;

	for (uint32_t i = 0; i < count; i++) {
		story_of(scrambled(i, count));
		if (!dialog_find(&rig->dialogs, dialog_key(rig, &story.bye.msg), STR(""), &by_caller))
			fail("dialog find");
	}
}

static void dialogs_request(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		dialog_request(
			&rig->dialogs, pool_at(&rig->dialogs.pool, scrambled(i, count)), &story.bye.msg, true, 1
		);
}

static void dialogs_remove(struct rig *rig, uint32_t count) {
	for (uint32_t i = 0; i < count; i++)
		dialog_free(&rig->dialogs, pool_at(&rig->dialogs.pool, scrambled(i, count)));
}

static const struct step {
	const char *name;
	void (*run)(struct rig *rig, uint32_t count);
} txn_steps[] =
	{
		{.name = "transaction insert", .run = transactions_insert},
		{.name = "making its key", .run = transactions_key},
		{.name = "transaction find, key included", .run = transactions_find},
		{.name = "transaction find, 32 prefetched", .run = transactions_find_batch},
		{.name = "transaction step, to Completed", .run = transactions_step},
		{.name = "transaction remove", .run = transactions_remove},
},
  dialog_steps[] = {
	  {.name = "dialog insert, INVITE and 200", .run = dialogs_insert},
	  {.name = "making its key and identifier", .run = dialogs_key},
	  {.name = "dialog find by our identifier, key included", .run = dialogs_find},
	  {.name = "dialog find by it, 32 prefetched", .run = dialogs_find_batch},
	  {.name = "dialog find by Call-ID and tags", .run = dialogs_find_by_tags},
	  {.name = "dialog request", .run = dialogs_request},
	  {.name = "dialog remove", .run = dialogs_remove},
};

static void run(const struct step *steps, size_t step_count, const char *what, uint32_t count, size_t text) {
	struct bench benches[8] = {0};
	char title[64];

	for (int turn = 0; turn < (count > 1000000 ? 1 : 3); turn++) {
		struct rig rig;

		rig_init(&rig, count, count, (size_t)count * text);
		for (size_t i = 0; i < step_count; i++) {
			benches[i].name = steps[i].name;
			bench_begin(&benches[i]);
			steps[i].run(&rig, count);
			bench_end(&benches[i], count);
		}
		rig_fini(&rig);
	}
	snprintf(title, sizeof(title), "%s, %" PRIu32, what, count);
	bench_title(title);
	for (size_t i = 0; i < step_count; i++)
		bench_print(&benches[i]);
}

int main(int argc, char **argv) {
	static const uint32_t counts[] = {1000, 1000000, 10000000};
	struct bench_options options = bench_options(argc, argv);

	story_init(BENCH_MESSAGES);
	for (unsigned i = 0; i < ARRAY_LEN(states); i++)
		print_bytes(&states[i]);
	for (unsigned i = 0; i < ARRAY_LEN(counts) - options.quick; i++) {
		uint32_t count = options.quick && i == 1 ? 100000 : counts[i];

		run(txn_steps, ARRAY_LEN(txn_steps), "server transactions", count, 1);
		run(dialog_steps, ARRAY_LEN(dialog_steps), "dialogs", count, 640);
	}
	return 0;
}
