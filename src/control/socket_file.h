// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors
//
// A listening Unix socket at a path.
#pragma once

#include "base/base.h"

// Listens on `path` with these permissions and, unless NULL, this group. A socket nobody answers on is replaced; one
// somebody answers on, or a file that is no socket, is left alone and refused. Makes the directory if only that is
// missing. Returns 0 or -errno after logging path and remedy.
int socket_file_listen(const char *path, uint32_t mode, const char *group, int *ret_fd);
