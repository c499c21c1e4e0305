// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
#include "dialog/txn_fsm.h"

// clang-format off

// RFC 3261 figure 5 with RFC 6026 section 8.4, and what a proxy adds: Timer C and CANCEL.
static const struct txn_step invite_client[TXN_STATE_COUNT][TXN_EVENT_COUNT] = {
	[TXN_NONE] = {
		[TXN_START]       = {.next = TXN_CALLING, .retransmit = TXN_TIMER_A, .timeout = TXN_TIMER_B_OR_C},
	},
	[TXN_CALLING] = {
		[TXN_RX_100]      = {.next = TXN_PROCEEDING, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_C_WAIT, .actions = TXN_DO_PASS},
		[TXN_RX_1XX]      = {.next = TXN_PROCEEDING, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_C_WAIT, .actions = TXN_DO_PASS},
		[TXN_RX_2XX]      = {.next = TXN_ACCEPTED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_M, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_D, .actions = TXN_DO_ACK | TXN_DO_PASS},
		[TXN_RETRANSMIT]  = {.next = TXN_CALLING, .retransmit = TXN_TIMER_A, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED, .actions = TXN_DO_TIMED_OUT},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_PROCEEDING] = {
		[TXN_RX_100]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_PASS},
		[TXN_RX_1XX]      = {.next = TXN_PROCEEDING, .timeout = TXN_TIMER_C_WAIT, .actions = TXN_DO_PASS},
		[TXN_RX_2XX]      = {.next = TXN_ACCEPTED, .timeout = TXN_TIMER_M, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_D, .actions = TXN_DO_ACK | TXN_DO_PASS},
		[TXN_CANCEL]      = {.next = TXN_CANCELLING, .timeout = TXN_TIMER_B},
		[TXN_TIMER_C]     = {.next = TXN_CANCELLING, .timeout = TXN_TIMER_B, .actions = TXN_DO_CANCEL},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_CANCELLING] = {
		[TXN_RX_1XX]      = {.next = TXN_CANCELLING, .actions = TXN_DO_PASS},
		[TXN_RX_2XX]      = {.next = TXN_ACCEPTED, .timeout = TXN_TIMER_M, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_D, .actions = TXN_DO_ACK | TXN_DO_PASS},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED, .actions = TXN_DO_TIMED_OUT},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_COMPLETED] = {
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_ACCEPTED] = {
		[TXN_RX_2XX]      = {.next = TXN_ACCEPTED, .actions = TXN_DO_PASS},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
	},
};

// RFC 3261 figure 6.
static const struct txn_step client[TXN_STATE_COUNT][TXN_EVENT_COUNT] = {
	[TXN_NONE] = {
		[TXN_START]       = {.next = TXN_TRYING, .retransmit = TXN_TIMER_E, .timeout = TXN_TIMER_F},
	},
	[TXN_TRYING] = {
		[TXN_RX_100]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_PASS},
		[TXN_RX_1XX]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_PASS},
		[TXN_RX_2XX]      = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_K, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_K, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RETRANSMIT]  = {.next = TXN_TRYING, .retransmit = TXN_TIMER_E, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED, .actions = TXN_DO_TIMED_OUT},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_PROCEEDING] = {
		[TXN_RX_100]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_PASS},
		[TXN_RX_1XX]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_PASS},
		[TXN_RX_2XX]      = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_K, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RX_FINAL]    = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_K, .actions = TXN_DO_PASS | TXN_DO_DROP_MESSAGE},
		[TXN_RETRANSMIT]  = {.next = TXN_PROCEEDING, .retransmit = TXN_TIMER_E_T2, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED, .actions = TXN_DO_TIMED_OUT},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_COMPLETED] = {
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
	},
};

// RFC 3261 figure 7 with RFC 6026 section 8.7. The 100 Trying is the proxy's, sent on start.
static const struct txn_step invite_server[TXN_STATE_COUNT][TXN_EVENT_COUNT] = {
	[TXN_NONE] = {
		[TXN_START]       = {.next = TXN_PROCEEDING},
	},
	[TXN_PROCEEDING] = {
		[TXN_RX_REQUEST]  = {.next = TXN_PROCEEDING, .actions = TXN_DO_RESEND},
		[TXN_TU_1XX]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_SEND},
		[TXN_TU_2XX]      = {.next = TXN_ACCEPTED, .timeout = TXN_TIMER_L, .actions = TXN_DO_SEND | TXN_DO_DROP_MESSAGE},
		[TXN_TU_FINAL]    = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_G, .timeout = TXN_TIMER_H, .actions = TXN_DO_SEND},
		[TXN_TU_ABANDON]  = {.next = TXN_TERMINATED},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_COMPLETED] = {
		[TXN_RX_REQUEST]  = {.next = TXN_COMPLETED, .actions = TXN_DO_RESEND},
		[TXN_RX_ACK]      = {.next = TXN_CONFIRMED, .retransmit = TXN_TIMER_STOP, .timeout = TXN_TIMER_I, .actions = TXN_DO_DROP_MESSAGE},
		[TXN_RETRANSMIT]  = {.next = TXN_COMPLETED, .retransmit = TXN_TIMER_G, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED, .actions = TXN_DO_TIMED_OUT},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_CONFIRMED] = {
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
	},
	[TXN_ACCEPTED] = {
		[TXN_TU_2XX]      = {.next = TXN_ACCEPTED, .actions = TXN_DO_SEND},
		[TXN_RX_ACK]      = {.next = TXN_ACCEPTED, .actions = TXN_DO_PASS},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
	},
};

// RFC 3261 figure 8, with the 100 of RFC 4320 section 4.1.
static const struct txn_step server[TXN_STATE_COUNT][TXN_EVENT_COUNT] = {
	[TXN_NONE] = {
		[TXN_START]       = {.next = TXN_TRYING, .timeout = TXN_TIMER_100},
	},
	[TXN_TRYING] = {
		[TXN_TIMEOUT]     = {.next = TXN_TRYING, .actions = TXN_DO_TRYING},
		[TXN_TU_1XX]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_SEND},
		[TXN_TU_2XX]      = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J, .actions = TXN_DO_SEND},
		[TXN_TU_FINAL]    = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J, .actions = TXN_DO_SEND},
		[TXN_TU_ABANDON]  = {.next = TXN_TERMINATED},
		[TXN_TU_SILENCE]  = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J},
	},
	[TXN_PROCEEDING] = {
		[TXN_RX_REQUEST]  = {.next = TXN_PROCEEDING, .actions = TXN_DO_RESEND},
		[TXN_TU_1XX]      = {.next = TXN_PROCEEDING, .actions = TXN_DO_SEND},
		[TXN_TU_2XX]      = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J, .actions = TXN_DO_SEND},
		[TXN_TU_FINAL]    = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J, .actions = TXN_DO_SEND},
		[TXN_TU_ABANDON]  = {.next = TXN_TERMINATED},
		[TXN_TU_SILENCE]  = {.next = TXN_COMPLETED, .timeout = TXN_TIMER_J},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
	[TXN_COMPLETED] = {
		[TXN_RX_REQUEST]  = {.next = TXN_COMPLETED, .actions = TXN_DO_RESEND},
		[TXN_TIMEOUT]     = {.next = TXN_TERMINATED},
		[TXN_SEND_FAILED] = {.next = TXN_TERMINATED, .actions = TXN_DO_FAILED},
	},
};

typedef const struct txn_step txn_machine[TXN_STATE_COUNT][TXN_EVENT_COUNT];
static txn_machine *const machines[TXN_KIND_COUNT] = {
	[TXN_INVITE_CLIENT] = &invite_client,
	[TXN_CLIENT]        = &client,
	[TXN_INVITE_SERVER] = &invite_server,
	[TXN_SERVER]        = &server,
};

static const char *const kind_names[TXN_KIND_COUNT] = {
	[TXN_INVITE_CLIENT] = "invite-client",
	[TXN_CLIENT]        = "client",
	[TXN_INVITE_SERVER] = "invite-server",
	[TXN_SERVER]        = "server",
};

static const char *const state_names[TXN_STATE_COUNT] = {
	[TXN_NONE]       = "none",
	[TXN_CALLING]    = "calling",
	[TXN_TRYING]     = "trying",
	[TXN_PROCEEDING] = "proceeding",
	[TXN_CANCELLING] = "cancelling",
	[TXN_COMPLETED]  = "completed",
	[TXN_CONFIRMED]  = "confirmed",
	[TXN_ACCEPTED]   = "accepted",
	[TXN_TERMINATED] = "terminated",
};

static const char *const event_names[TXN_EVENT_COUNT] = {
	[TXN_START]       = "start",
	[TXN_RX_100]      = "100 received",
	[TXN_RX_1XX]      = "1xx received",
	[TXN_RX_2XX]      = "2xx received",
	[TXN_RX_FINAL]    = "300-699 received",
	[TXN_CANCEL]      = "CANCEL sent",
	[TXN_RX_REQUEST]  = "request received",
	[TXN_RX_ACK]      = "ACK received",
	[TXN_TU_1XX]      = "1xx from user",
	[TXN_TU_2XX]      = "2xx from user",
	[TXN_TU_FINAL]    = "300-699 from user",
	[TXN_TU_ABANDON]  = "abandoned by user",
	[TXN_TU_SILENCE]  = "silence from user",
	[TXN_RETRANSMIT]  = "retransmission due",
	[TXN_TIMEOUT]     = "timeout",
	[TXN_TIMER_C]     = "Timer C",
	[TXN_SEND_FAILED] = "send failed",
};
// clang-format on

const struct txn_step *txn_fsm_cell(enum txn_kind kind, enum txn_state state, enum txn_event event) {
	return &(*machines[kind])[state][event];
}

bool txn_state_is_live(enum txn_state state) {
	return state >= TXN_CALLING && state <= TXN_CANCELLING;
}

const char *txn_kind_name(enum txn_kind kind) {
	return kind_names[kind];
}

const char *txn_state_name(enum txn_state state) {
	return state_names[state];
}

const char *txn_event_name(enum txn_event event) {
	return event_names[event];
}
