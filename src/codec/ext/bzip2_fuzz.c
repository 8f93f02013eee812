/* codec/ext/bzip2_fuzz.c - bzip2 through the fuzz target of all decompressors. */
#include "codec/ext/bzip2.h"

#define UNZIP(what) mm_bzip2##what
#include "codec/ext/unzip_fuzz.h"
