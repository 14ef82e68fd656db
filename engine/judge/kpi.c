/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/judge.h"

#include <string.h>

/* Counters: 3GPP TS 28.552 (5GS) and TS 32.426 (EPC); the ratio is 1 - failed / attempted, users counted once
 * a tick. To add a KPI: a row here, and the adapter that counts it. */
const struct fy_kpi fy_kpis[] = {
    {"amf.initial_registration", "AMF initial registration success", "5g", "RM.RegInitSucc / RM.RegInitReq"},
    {"amf.pdu_session_establishment", "AMF PDU session establishment success", "5g",
     "SM.PduSessionCreationSucc / SM.PduSessionCreationReq"},
    {"amf.paging", "AMF paging success", "5g", "MM.Paging5gSucc / MM.Paging5gReq"},
    {"amf.handover_5g_to_4g", "AMF 5G to 4G success", "5g", "MM.HoOut5gTo4gSucc / MM.HoOut5gTo4gReq"},
    {"amf.handover_4g_to_5g", "AMF 4G to 5G success", "4g", "MM.HoIn4gTo5gSucc / MM.HoIn4gTo5gReq"},
    {"mme.attach", "4G attach success", "4g", "MM.EpsAttachSucc / MM.EpsAttachAtt"},
    {"mme.tracking_area_update", "4G location update success", "4g", "MM.TauSucc / MM.TauAtt"},
    {"mme.pdn_connectivity", "PDN connection request success", "4g",
     "SM.EstActDedBearerSucc / SM.EstActDedBearerAtt"},
    {"smf.pdu_session_establishment", "SMF PDU session establishment success", "5g",
     "SM.PduSessionCreationSucc / SM.PduSessionCreationReq"},
    {"smf.pdu_session_modification", "SMF PDU session modification success", "5g",
     "SM.PduSessionModSmfInitSucc / SM.PduSessionModSmfInitReq"},
    {"smf.n4_session_establishment", "SMF N4 session establishment success", "5g",
     "SM.N4SessionEstabSucc / SM.N4SessionEstabReq"},
    {"smf.pdn_connectivity", "SMF PDN connection request success", "4g",
     "SM.PdnConnCreationSucc / SM.PdnConnCreationReq"},
    {"smf.n4_session_modification", "SMF N4 session modification success", "4g",
     "SM.N4SessionModifSucc / SM.N4SessionModifReq"},
    {NULL, NULL, NULL, NULL},
};

const struct fy_kpi *fy_kpi_find(const char *name)
{
    for (const struct fy_kpi *kpi = fy_kpis; kpi->name; kpi++)
        if (strcmp(kpi->name, name) == 0)
            return kpi;
    return NULL;
}
