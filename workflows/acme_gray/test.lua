-- SPDX-License-Identifier: Apache-2.0
-- What acme_gray does differently. engine/script/transcript.h has the notation.

local function args(params)
  return [[{"order":{
    "request":{"id":"CHG-1","source":{"version":"1.2.0"},"target":{"version":"1.3.0"}},
    "vdus":[{"vdu_id":"SVC","source":{"ref":"svc:1","digest":"sha256:5"},"target":{"ref":"svc:2","digest":"sha256:6"}}],
    "gray":{"basis":"users","selectors":[],"stages":[{"ratio_permille":1000}]},
    "backup":{"what":["config"]},"rollback":{"on_failure":"rollback","move_rate":500},
    "dial_tests":[{"when":"before-migration","by":"adapter","subscribers":[{"ref":"test-1","steer":"target","services":["voice"]}]}]},
   "plan":{"guards":[],"checks":["nf_ready"],"final_checks":["nf_ready"],"revision":1},
   "params":]] .. params .. [[,"program":{}}]]
end
local svc = [[{"vdu":"SVC","role":"load-sharing","instances":["svc-1"],"image":{"ref":"svc:2","digest":"sha256:6"},"version":"1.3.0","switches":[],"served_by":"vim"}]]
local function fill(text) return (text:gsub("%$SVC", svc)) end

transcript { "Acme's check, its logs, a replaced instance, a question, a warm-up", workflow = "acme_gray", args = args "{}", fill [[
  # prepare
  > check {"checks":["nf_ready"]}
  > stage_image
  > acme.issu_check {"to":"1.3.0"}
  < {"ready":true}
  # backup
  > config_backup
  # freeze
  # first slice
  > load
  > split
  > next_slice {}
  < {"batch":$SVC}
  > collect_instances {"instances":["svc-1"]}
  > drain
  > upgrade
  ! permanent: it does not boot
  > upgrade
  ! permanent: it does not boot
  > replace {"digest":"sha256:6","image":"svc:2","instances":["svc-1"],"version":"1.3.0"}
  > readmit
  > next_slice {}
  < {"done":true}
  > wait_until
  > dial_test
  > ask {"on_timeout":"hold","question":"The test subscribers are on the target. Go on?","role":"approver","within_ms":3600000}
  < {"answer":"approve","who":"ana"}
  # migrate
  > next_stage {}
  < {"stage":{"index":0,"permille":1000,"soak_ms":0,"ask_before":false}}
  > next_move {"stage":0}
  < {"move":{"permille":1000,"rate":200,"batch":$SVC}}
  > steer
  > drain
  > upgrade
  > join
  > sleep {"ms":60000}
  > next_move {"stage":0}
  < {"done":true}
  > soak
  > next_stage {}
  < {"done":true}
  # finish
  > next_rest {}
  < {"done":true}
  > join
  > check
  > dial_test
  > collect
  > release_guards
  = {}
]] }

transcript { "the order's input leaves Acme's check out", workflow = "acme_gray", args = args [[{"issu":false}]], [[
  # prepare
  > check
  > stage_image
  # backup
  > config_backup
  ! permanent: disk full
  x disk full
]] }
