// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "kinds.h"

const struct message_info message_infos[MESSAGE_COUNT] = {
#define MESSAGE(id, text, of_method, of_status, of_stamp)                                                              \
	[MESSAGE_##id] = {.name = text, .status = of_status, .method = METHOD_##of_method, .stamp = STAMP_##of_stamp},
#include "messages.def"
#undef MESSAGE
};

const struct reason_info wrong_infos[WRONG_COUNT] = {
	[WRONG_NOTHING] = {.key = "nothing", .text = "nothing"},
#define WRONG(id, of_key, of_text) [WRONG_##id] = {.key = of_key, .text = of_text},
#include "wrong.def"
#undef WRONG
};

const struct reason_info failure_infos[FAILURE_COUNT] = {
	[FAILURE_NONE] = {.key = "none", .text = "none"},
#define FAILURE(id, of_key, of_text) [FAILURE_##id] = {.key = of_key, .text = of_text},
#include "failures.def"
#undef FAILURE
};

enum message_kind message_kind_of(const struct message *m) {
	for (unsigned i = 0; i < MESSAGE_OTHER; i++)
		if (message_infos[i].status == m->status && message_infos[i].method == m->method)
			return (enum message_kind)i;
	return MESSAGE_OTHER;
}
