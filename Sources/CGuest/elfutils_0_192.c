// SPDX-License-Identifier: Apache-2.0

/*
 * The static libelf of elfutils 0.192, which Debian 13 has, lacks two functions that it calls itself
 * (https://sourceware.org/bugzilla/show_bug.cgi?id=32293); 0.193 has them again. They begin and end a tree of raw file
 * chunks, which is filled by elf_getdata_rawchunk() alone: libbpf does not call that, so the tree stays empty.
 */

#include <elfutils/version.h>
#include <stddef.h>

#if _ELFUTILS_VERSION == 192

struct search_tree {
    void *root;
};

__attribute__((weak)) void eu_search_tree_init(struct search_tree *tree) {
    tree->root = NULL;
}

__attribute__((weak)) void eu_search_tree_fini(struct search_tree *tree, void (*free_node)(void *)) {
    (void)tree;
    (void)free_node;
}

#endif
