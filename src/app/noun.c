/* app/noun.c - `mimamori site`, `source` and so on: one main, MM_NOUN says which. */
#include "app/nouns.h"

int main(int argc, char **argv)
{
    return mm_nouns_main(MM_NOUN, argc, argv);
}
