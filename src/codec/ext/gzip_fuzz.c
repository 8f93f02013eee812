/* codec/ext/gzip_fuzz.c - gzip through the fuzz target of all decompressors. */
#include "codec/ext/gzip.h"

#define UNZIP(what) mm_gzip##what
#include "codec/ext/unzip_fuzz.h"
