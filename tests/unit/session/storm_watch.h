// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// What holds in any storm, after each of its events:
// - what tandem sends is one well-formed message;
// - who waits for a transaction's final gets one, but for several 2xx to an INVITE, and nothing beside or behind it; an
//   INVITE's is never left out while there is memory;
// - CANCEL and ACK of ours come only after what calls for them;
// - each transaction, response context and dialog has a timer or waits for what has one;
// - counts, tables and text memory are those of the records there are.
#pragma once

#include "rig.h"

// The worker is empty. From here on it is watched.
void watch_begin(const struct rig *rig);

// Memory may run out from here on.
void watch_shortage(void);

// From here on the Vias of a response may be others than its request had: whose answer it is cannot be told by them.
void watch_mislead(void);

// This was given to tandem; what it sends until the next is the answer.
void watch_given(const struct rig *rig, const char *text, uint32_t len);

// This came out of tandem.
void watch_sent(const struct rig *rig, const char *text, uint32_t len);

// After an event, all that came out having been seen.
void watch_tables(const struct rig *rig);

// Fails when anything is left.
void watch_end(const struct rig *rig);
