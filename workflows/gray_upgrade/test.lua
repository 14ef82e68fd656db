-- SPDX-License-Identifier: Apache-2.0
-- The conversations gray_upgrade holds with the engine. engine/script/transcript.h has the notation.

local args = [[{"order":{
  "request":{"id":"CHG-1","source":{"version":"1.2.0"},"target":{"version":"1.3.0"}},
  "vdus":[{"vdu_id":"LB","source":{"ref":"lb:1","digest":"sha256:1"},"target":{"ref":"lb:1","digest":"sha256:1"}},
          {"vdu_id":"SVC","source":{"ref":"svc:1","digest":"sha256:5"},"target":{"ref":"svc:2","digest":"sha256:6"}}],
  "gray":{"basis":"users","selectors":[{"line":9,"use":"last","slices":[{"sst":1,"sd":"00ff01"}]}]},
  "backup":{"what":["config","data","image"]},
  "rollback":{"on_failure":"rollback","move_rate":500},
  "dial_tests":[{"line":7,"when":"before-migration","by":"adapter","subscribers":[
     {"ref":"test-1","steer":"target","peer":"test-2","services":["voice","data"]},
     {"ref":"test-3","steer":"none","peer":"test-4","services":["voice"]}],
     "expect":{"located_in":"target","success_bp":10000}}]},
 "plan":{"guards":["healing"],"checks":["health"],"final_checks":["health"],"revision":1},
 "params":{"db_lag":300000},"program":{}}]]

local omu = [[{"vdu":"OMU","role":"oam","instances":["omu-2"],"image":{"ref":"omu:2","digest":"sha256:8"},"version":"1.3.0","pair":"OMU-1","switches":[],"served_by":"vim"}]]
local omu_rest = [[{"vdu":"OMU","role":"oam","instances":["omu-1"],"image":{"ref":"omu:2","digest":"sha256:8"},"version":"1.3.0","pair":"OMU-1","switch_to":"omu-2","switches":[{"pair":"OMU-1","switch_to":"omu-2"}],"served_by":"vim"}]]
local svc = [[{"vdu":"SVC","role":"load-sharing","instances":["svc-01"],"image":{"ref":"svc:2","digest":"sha256:6"},"version":"1.3.0","switches":[],"served_by":"vim"}]]

local back = [[{"vdu":"SVC","role":"load-sharing","instances":["svc-02"],"image":{"ref":"svc:1","digest":"sha256:5"},"version":"1.2.0","domain":"source","switches":[],"served_by":"vim"}]]

local function fill(text)
  return (text:gsub("%$(%w+)", { OMU = omu, REST = omu_rest, SVC = svc, BACK = back }))
end

transcript { "an upgrade from the checks to the last guard", workflow = "gray_upgrade", args = args, fill [[
  # prepare
  > check {"checks":["health"]}
  < {"results":[{"check":"health","ok":true,"why":""}]}
  > stage_image {"images":[{"digest":"sha256:6","ref":"svc:2","vdu":"SVC"}]}
  # backup
  > config_backup {"what":["config","data"]}
  < {"id":"b1","items":2}
  > observe {"args":{},"verb":"inventory"}
  < {"last":{"instances":[{"id":"svc-01","vdu":"SVC"},{"id":"other","vdu":"X"},{"id":"lb-1","vdu":"LB"}]}}
  > backup {"instances":["svc-01","lb-1"],"what":["image"]}
  # freeze
  > take_guard {"guard":"healing"}
  < {"guard":"healing","prior":{"enabled":true},"off":{"enabled":false}}
  > guard_set {"guard":"healing","prior":{"enabled":true},"state":{"enabled":false}}
  # first slice
  > load {"version":"1.3.0"}
  > split {"version":"1.3.0"}
  > next_slice {}
  < {"batch":$OMU}
  > upgrade {"digest":"sha256:8","image":"omu:2","instances":["omu-2"],"version":"1.3.0"}
  > wait_until {"args":{"instances":["omu-2"]},"until":{"in_sync":true},"verb":"sync_state","within_ms":300000}
  > next_slice {}
  < {"batch":$SVC}
  > drain {"instances":["svc-01"]}
  > upgrade {"digest":"sha256:6","image":"svc:2","instances":["svc-01"],"version":"1.3.0"}
  > readmit {"instances":["svc-01"]}
  > next_slice {}
  < {"done":true}
  > wait_until {"args":{},"until":{"in_sync":true},"verb":"sync_state","within_ms":300000}
  > dial_test {"expect":{"located_in":"target"},"hold":true,"subscribers":[{"peer":"test-2","ref":"test-1","services":["voice","data"],"steer":"target"},{"peer":"test-4","ref":"test-3","services":["voice"],"steer":"none"}]}
  < {"tests":[]}
  # migrate
  > next_stage {}
  < {"stage":{"index":0,"permille":500,"soak_ms":900000,"ask_before":false}}
  > next_move {"stage":0}
  < {"move":{"permille":500,"rate":200,"batch":$SVC}}
  > steer {"basis":"users","permille":500,"rate":200,"selectors":[{"slices":[{"sd":"00ff01","sst":1}],"use":"last"}]}
  > drain {"instances":["svc-01"]}
  > upgrade
  > join {"domain":"target","instances":["svc-01"]}
  > next_move {"stage":0}
  < {"done":true}
  > soak {"adjustable":true,"stage":0}
  < {"verdict":"pass"}
  > next_stage {}
  < {"stage":{"index":1,"permille":1000,"soak_ms":900000,"ask_before":true}}
  > ask {"question":"Move to 100 % of users?","stage":1}
  < {"answer":"approve","who":"ana"}
  > next_move {"stage":1}
  < {"move":{"permille":1000,"rate":200}}
  > steer
  > next_move {"stage":1}
  < {"done":true}
  > soak {"adjustable":true,"stage":1}
  < {"verdict":"pass"}
  > next_stage {}
  < {"done":true}
  # finish
  > next_rest {}
  < {"batch":$REST}
  > switchover {"active":"omu-2","pair":"OMU-1"}
  > upgrade {"digest":"sha256:8","image":"omu:2","instances":["omu-1"],"version":"1.3.0"}
  > wait_until {"args":{"instances":["omu-1"]},"until":{"in_sync":true},"verb":"sync_state","within_ms":300000}
  > next_rest {}
  < {"done":true}
  > join {"all":true}
  > check {"checks":["health"]}
  > dial_test {"expect":{"located_in":"target"},"subscribers":[{"peer":"test-2","ref":"test-1","services":["voice","data"],"steer":"target"},{"peer":"test-4","ref":"test-3","services":["voice"],"steer":"none"}]}
  > collect {}
  > release_guards {}
  = {}
]] }

transcript { "a rollback brings users back first, then the instances, then the guards", workflow = "gray_upgrade",
  run = "rollback", args = args, fill [[
  # users back
  > next_stage {}
  < {"stage":{"index":0,"permille":0,"soak_ms":0,"ask_before":false}}
  > next_move {"stage":0}
  < {"move":{"permille":0,"rate":500,"batch":$BACK}}
  > steer {"basis":"users","permille":0,"rate":500,"selectors":[{"slices":[{"sd":"00ff01","sst":1}],"use":"last"}]}
  > drain {"instances":["svc-02"]}
  > upgrade {"digest":"sha256:5","image":"svc:1","instances":["svc-02"],"version":"1.2.0"}
  > join {"domain":"source","instances":["svc-02"]}
  > next_move {"stage":0}
  < {"done":true}
  > next_stage {}
  < {"done":true}
  # instances back
  > next_rest {}
  < {"batch":$SVC}
  > drain
  > upgrade
  > readmit
  > next_rest {}
  < {"done":true}
  > join {"all":true}
  # restore
  > release_guards {}
  > check {"checks":["health"]}
  > collect {}
  = {}
]] }

local restoring = args:gsub('"move_rate":500', '"move_rate":500,"data":"restore"')
local before = [[
  # users back
  > next_stage {}
  < {"done":true}
  # instances back
  > next_rest {}
  < {"done":true}
  > join {"all":true}
]]
local after = [[
  # restore
  > release_guards {}
  > check {"checks":["health"]}
  > collect {}
  = {}
]]

transcript { "data is restored while no user has moved", workflow = "gray_upgrade", run = "rollback",
  args = restoring:gsub('"program":{}', '"program":{"backup":"b1","users_moved":false}'),
  before .. '  > config_restore {"id":"b1"}\n' .. after }

transcript { "data is not restored once users have worked with it", workflow = "gray_upgrade", run = "rollback",
  args = restoring:gsub('"program":{}', '"program":{"backup":"b1","users_moved":true}'), before .. after }

transcript { "a vendor replaces a hook in three lines", args = args, text = [[
local gray = module "gray_upgrade"
local wf = gray:extend { name = "acme_upgrade", version = "1.0" }
function wf:prechecks(nf, plan) nf:call("acme.issu_check", { to = nf.order.request.target.version }) end
return wf
]], [[
  # prepare
  > check
  > stage_image
  > acme.issu_check {"to":"1.3.0"}
  # backup
  > config_backup
  ! permanent: disk full
  x config_backup failed: disk full
]] }

transcript { "on_fail replaces, then sets aside", args = args, text = [[
local gray = module "gray_upgrade"
local wf = gray:extend { name = "patient", on_fail = { "retry", "replace", "set_aside" } }
function wf:upgrade(nf, plan)
  for batch in plan:slice() do self:swap(nf, batch) end
end
return wf
]], fill [[
  > next_slice
  < {"batch":$SVC}
  > drain
  > upgrade
  ! permanent: no boot
  > upgrade
  ! permanent: no boot
  > replace {"digest":"sha256:6","image":"svc:2","instances":["svc-01"],"version":"1.3.0"}
  ! permanent: no host
  > set_aside {"instances":["svc-01"],"why":"no host"}
  < {"set_aside":true}
  > readmit
  > next_slice
  < {"done":true}
  = {}
]] }

transcript { "branches of parallel are taken in the order of their names", args = args, text = [[
local wf = workflow { name = "p", version = "1.0", api = 1 }
function wf:upgrade(nf, plan)
  return parallel {
    b = function() sleep "2m" return 2 end,
    a = function() return #nf:observe("health").instances end,
  }
end
return wf
]], [[
  > observe {"args":{},"verb":"health"}
  < {"last":{"instances":[1,2,3]}}
  > sleep {"ms":120000}
  = {"a":3,"b":2}
]] }
