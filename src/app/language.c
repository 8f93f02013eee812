/* app/language.c - see language.h for the contract. */
#include "app/language.h"

#include <stdlib.h>

enum mm_lang mm_app_language(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        const char *v = getenv(names[i]);

        if (v != NULL && v[0] != 0)
            return strncmp(v, "ja", 2) == 0 ? MM_LANG_JA : MM_LANG_EN;
    }
    return MM_LANG_EN;
}
