/* codec/ext/zstd_fuzz.c - Zstandard through the fuzz target of all decompressors. */
#include "codec/ext/zstd.h"

#define UNZIP(what) mm_zstd##what
#include "codec/ext/unzip_fuzz.h"
