/* SPDX-License-Identifier: Apache-2.0 */
/* The words of each enum of order/order.h, in its order, ended by NULL. Private to order/. */
#ifndef FY_ORDER_WORDS_H
#define FY_ORDER_WORDS_H

#include <stddef.h>

extern const char *const fy_qualifier_words[],
    *const fy_on_end_words[],
        *const fy_connection_kind_words[],
            *const fy_role_words[],
                *const fy_verbs_from_words[],
                    *const fy_link_loss_words[],
                        *const fy_scope_words[],
                            *const fy_basis_words[],
                                *const fy_use_words[],
                                    *const fy_violation_words[],
                                        *const fy_severity_words[],
                                            *const fy_kpi_direction_words[],
                                                *const fy_dial_when_words[],
                                                    *const fy_dial_by_words[],
                                                        *const fy_steer_words[],
                                                            *const fy_domain_words[],
                                                                *const fy_keep_until_words[],
                                                                    *const fy_data_words[],
                                                                        *const fy_expiry_words[],
                                                                            *const fy_input_type_words[],
                                                                                *const fy_event_words[],
                                                                                    *const fy_backup_words[];

/* The index of a word, or -1. */
int fy_word_index(const char *const *words, const char *text);

/* The listed word that text is most likely meant to be, or NULL if none is near. */
const char *fy_word_nearest(const char *const *words, const char *text);

#endif
