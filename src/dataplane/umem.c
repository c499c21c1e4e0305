// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The tandem authors

#include "dataplane/umem.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_errno.h>

int umem_trim(struct rte_mempool *pool) {
	const struct rte_mempool_memhdr *memory = STAILQ_FIRST(&pool->mem_list);
	size_t size = pool->header_size + pool->elt_size + pool->trailer_size;
	const char *begin = memory->addr, *end = begin + pool->populated_size * size;
	unsigned int count = rte_mempool_avail_count(pool);
	void **all = malloc(count * sizeof(all[0]));

	if (!all || rte_mempool_get_bulk(pool, all, count) < 0) {
		free(all);
		rte_errno = ENOMEM;
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < count; i++) {
		const char *at = all[i];

		if (at > begin && at + pool->elt_size + pool->trailer_size <= end)
			rte_mempool_put(pool, all[i]);
	}
	free(all);
	return 0;
}
