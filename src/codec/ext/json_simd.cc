/* codec/ext/json_simd.cc - see json_simd.h for the contract. */
#include "codec/ext/json_simd.h"

#include <memory>
#include <new>

#include <simdjson.h>

struct mm_simd {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> impl;
    size_t size_max = 0;
};

struct mm_simd *mm_simd_new(size_t size_max)
{
    auto *s = new (std::nothrow) mm_simd;

    if (s == nullptr)
        return nullptr;
    s->size_max = size_max;
    /* Depth 1: only the second stage, which is not used, keeps a stack. */
    if (simdjson::get_active_implementation()->create_dom_parser_implementation(
            size_max, 1, s->impl) != simdjson::SUCCESS) {
        delete s;
        return nullptr;
    }
    return s;
}

void mm_simd_free(struct mm_simd *s)
{
    delete s;
}

enum mm_simd_result mm_simd_index(struct mm_simd *s, const uint8_t *p, size_t n,
                                  const uint32_t **ret_index, size_t *ret_n)
{
    if (n == 0)
        return MM_SIMD_EMPTY;
    if (n > s->size_max)
        return MM_SIMD_OTHER;
    switch (s->impl->stage1(p, n, simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
        break;
    case simdjson::UTF8_ERROR:
        return MM_SIMD_UTF8;
    case simdjson::UNESCAPED_CHARS:
        return MM_SIMD_CONTROL;
    case simdjson::UNCLOSED_STRING:
        return MM_SIMD_UNCLOSED;
    case simdjson::EMPTY:
        return MM_SIMD_EMPTY;
    default:
        return MM_SIMD_OTHER;
    }
    *ret_index = s->impl->structural_indexes.get();
    *ret_n = s->impl->n_structural_indexes;
    return MM_SIMD_OK;
}
