// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// The proxy of the world: a message comes in from one side and leaves, edited, by proxy_emit.
#pragma once

#include "world.h"

void proxy_forward(struct world *world, unsigned from, const char *text);

// Puts text on the wire.
void world_put(struct world *world, unsigned to, const char *text);
