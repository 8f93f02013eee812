/* codec/ext/xz_fuzz.c - xz through the fuzz target of all decompressors. */
#include "codec/ext/xz.h"

#define UNZIP(what) mm_xz##what
#include "codec/ext/unzip_fuzz.h"
