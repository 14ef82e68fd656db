/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the journal: when a kind of record becomes durable (record.def). */
#ifndef FY_JOURNAL_RECORD_H
#define FY_JOURNAL_RECORD_H

#include "journal/journal.h"

enum fy_record_when { FY_WHEN_FORCED, FY_WHEN_RIDES, FY_WHEN_LAZY };

enum fy_record_when fy_record_when(uint32_t kind);
size_t fy_record_kinds(void); /* one more than the largest id */

#endif
