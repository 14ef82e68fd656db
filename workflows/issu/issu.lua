-- SPDX-License-Identifier: Apache-2.0
-- The in-service upgrade: straight to 100 %, a batch at a time. Service leaves the instances of a batch for others on
-- the old version, they are upgraded, service comes back to them. README.md beside this file explains it step by step.
local gray = module "gray_upgrade"

-- How a batch goes (swap, move) and the way back (rollback) are gray_upgrade's.
local wf = gray:extend {
  name = "issu",
  version = "1.0",
  needs = { "version_path", "issu_support", "config_check" },
}

function wf:upgrade(nf, plan)
  phase "prepare"
  self:conditions(nf, plan)
  nf:stage_image()
  self:prechecks(nf, plan)

  phase "start"
  local saved = self:save(nf)
  for guard in plan:guards() do nf:suspend(guard) end

  phase "upgrade"
  nf:load()
  nf:split()
  for batch in plan:slice() do self:swap(nf, batch) end
  nf:wait_sync(nil, { within = nf.params.db_lag })
  for stage in plan:stages() do
    stage:ask_before()
    for move in stage:moves() do self:move(nf, move) end
    nf:soak(stage)
  end
  for batch in plan:rest() do self:swap(nf, batch) end
  nf:join()

  phase "end"
  nf:check(plan.final_checks)
  nf:check_saved(saved.config)
  nf:dial_test "everybody"
  nf:collect()
  nf:release_guards()
end

-- Only where all of this holds may service move.
function wf:conditions(nf, plan)
  if #nf.order.gray.stages ~= 1 then
    error("issu goes straight to 100 %: the order's GrayStages wants one Stage, or the workflow gray_upgrade", 0)
  end
  local checks = list { "issu_services", "gray_component" }
  for _, check in ipairs(plan.checks) do checks[#checks + 1] = check end
  nf:check(checks)
end

-- Configuration and data are saved whatever the order lists: the end is compared with them.
function wf:save(nf)
  local what = list { "config", "data" }
  for _, item in ipairs(nf.order.backup.what) do
    if item ~= "config" and item ~= "data" then what[#what + 1] = item end
  end
  return nf:backup(what)
end

return wf
