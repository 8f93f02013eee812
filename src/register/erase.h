/*
 * register/erase.h - what stays of a company that is erased.
 *
 * Purpose   Its number, because the operator's records cite it, and its audit chain, which proves
 *           that it was erased, by whom and when. All words go.
 * Owns      Constants.
 * Threads   Constants.
 * Trust     Of the audit, actor, action and object stay, since the chain covers them: who has
 * worked for the company under which login name is part of the proof.
 */
#ifndef MM_REGISTER_ERASE_H
#define MM_REGISTER_ERASE_H

/* Tables that keep their rows (NULL behind the last), and what is taken from these: for
 * mm_whole_erase (store/records/whole.h). */
extern const char *const mm_register_kept[];
extern const char mm_register_emptied[];

#endif
