-- SPDX-License-Identifier: Apache-2.0
-- The conversations issu holds with the engine. engine/script/transcript.h has the notation.

local function args(stages)
  return [[{"order":{
    "request":{"id":"CHG-1","source":{"version":"1.2.0"},"target":{"version":"1.3.0"}},
    "vdus":[{"vdu_id":"LB","source":{"ref":"lb:1","digest":"sha256:1"},"target":{"ref":"lb:1","digest":"sha256:1"}},
            {"vdu_id":"SVC","source":{"ref":"svc:1","digest":"sha256:5"},"target":{"ref":"svc:2","digest":"sha256:6"}}],
    "gray":{"basis":"users","selectors":[],"stages":]] .. stages .. [[},
    "backup":{"what":["image"]},
    "rollback":{"on_failure":"rollback","move_rate":500},"dial_tests":[]},
   "plan":{"guards":["healing"],"checks":["version_path"],"final_checks":["nf_ready"],"revision":1},
   "params":{"db_lag":300000},"program":{}}]]
end
local straight = args '[{"ratio_permille":1000}]'

local batches = {
  OMU = [[{"vdu":"OMU","role":"oam","instances":["omu-2"],"image":{"ref":"omu:2","digest":"sha256:8"},"version":"1.3.0","pair":"OMU-1","switches":[],"served_by":"vim"}]],
  ONE = [[{"vdu":"SVC","role":"load-sharing","instances":["svc-1"],"image":{"ref":"svc:2","digest":"sha256:6"},"version":"1.3.0","switches":[],"served_by":"vim"}]],
  TWO = [[{"vdu":"SVC","role":"load-sharing","instances":["svc-2","svc-3"],"image":{"ref":"svc:2","digest":"sha256:6"},"version":"1.3.0","switches":[],"served_by":"vim"}]],
}
local function fill(text) return (text:gsub("%$(%w+)", batches)) end

transcript { "the four phases: away, upgraded, back, a batch at a time", workflow = "issu", args = straight, fill [[
  # prepare
  > check {"checks":["issu_services","gray_component","version_path"]}
  > stage_image {"images":[{"digest":"sha256:6","ref":"svc:2","vdu":"SVC"}]}
  # start
  > config_backup {"what":["config","data"]}
  < {"id":"b1","items":2}
  > observe {"args":{},"verb":"inventory"}
  < {"last":{"instances":[{"id":"svc-1","vdu":"SVC"},{"id":"lb-1","vdu":"LB"}]}}
  > backup {"instances":["svc-1","lb-1"],"what":["image"]}
  < {"id":"b2","items":2}
  > take_guard {"guard":"healing"}
  < {"guard":"healing","prior":{"enabled":true},"off":{"enabled":false}}
  > guard_set {"guard":"healing","prior":{"enabled":true},"state":{"enabled":false}}
  # upgrade
  > load {"version":"1.3.0"}
  > split {"version":"1.3.0"}
  > next_slice {}
  < {"batch":$OMU}
  > upgrade {"digest":"sha256:8","image":"omu:2","instances":["omu-2"],"version":"1.3.0"}
  > wait_until {"args":{"instances":["omu-2"]},"until":{"in_sync":true},"verb":"sync_state","within_ms":300000}
  > next_slice {}
  < {"batch":$ONE}
  > drain {"instances":["svc-1"]}
  > upgrade {"digest":"sha256:6","image":"svc:2","instances":["svc-1"],"version":"1.3.0"}
  > readmit {"instances":["svc-1"]}
  > next_slice {}
  < {"done":true}
  > wait_until {"args":{},"until":{"in_sync":true},"verb":"sync_state","within_ms":300000}
  > next_stage {}
  < {"stage":{"index":0,"permille":1000,"soak_ms":0,"ask_before":false}}
  > next_move {"stage":0}
  < {"move":{"permille":160,"rate":200,"batch":$TWO}}
  > steer {"basis":"users","permille":160,"rate":200}
  > drain {"instances":["svc-2","svc-3"]}
  > upgrade {"digest":"sha256:6","image":"svc:2","instances":["svc-2","svc-3"],"version":"1.3.0"}
  > join {"domain":"target","instances":["svc-2","svc-3"]}
  > next_move {"stage":0}
  < {"move":{"permille":1000,"rate":200}}
  > steer {"basis":"users","permille":1000,"rate":200}
  > next_move {"stage":0}
  < {"done":true}
  > soak {"stage":0}
  < {"verdict":"pass"}
  > next_stage {}
  < {"done":true}
  > next_rest {}
  < {"done":true}
  > join {"all":true}
  # end
  > check {"checks":["nf_ready"]}
  > wait_until {"args":{"id":"b1"},"until":{"same":true},"verb":"config_check","within_ms":60000}
  > collect {}
  > release_guards {}
  = {}
]] }

transcript { "a condition that does not hold stops it before anything is touched", workflow = "issu", args = straight, [[
  # prepare
  > check {"checks":["issu_services","gray_component","version_path"]}
  ! refused: SVC cannot be upgraded while it serves
  x SVC cannot be upgraded while it serves
]] }

transcript { "an order with several stages is one for gray_upgrade", workflow = "issu",
  args = args '[{"ratio_permille":500},{"ratio_permille":1000}]', [[
  # prepare
  x issu goes straight to 100 %
]] }
