// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The lists of the generator as enums with names: messages, what can be wrong with one, why a call fails.
#pragma once

#include "walk.h"

// Times kept of a call.
enum stamp {
	STAMP_INTENDED, // when its first request should have been sent
	STAMP_REQUEST,	// INVITE, REGISTER, OPTIONS sent
	STAMP_RINGING,
	STAMP_FINAL,
	STAMP_ACK,
	STAMP_SECOND, // BYE or CANCEL sent
	STAMP_SECOND_OK,
	STAMP_COUNT,
};

enum message_kind {
#define MESSAGE(name, text, method, status, stamp) MESSAGE_##name,
#include "messages.def"
#undef MESSAGE
	MESSAGE_COUNT,
};

enum wrong {
	WRONG_NOTHING,
#define WRONG(name, key, text) WRONG_##name,
#include "wrong.def"
#undef WRONG
	WRONG_COUNT,
};

enum failure {
	FAILURE_NONE,
#define FAILURE(name, key, text) FAILURE_##name,
#include "failures.def"
#undef FAILURE
	FAILURE_COUNT,
};

struct message_info {
	const char *name;
	uint16_t status; // 0: a request
	uint8_t method;	 // enum method
	uint8_t stamp;	 // enum stamp
};

struct reason_info {
	const char *key, *text;
};

extern const struct message_info message_infos[MESSAGE_COUNT];
extern const struct reason_info wrong_infos[WRONG_COUNT];
extern const struct reason_info failure_infos[FAILURE_COUNT];

// The kind of a message that came: MESSAGE_OTHER for statuses and methods no scenario has. The ACK of a refusal looks
// like any ACK.
enum message_kind message_kind_of(const struct message *m);
