-- SPDX-License-Identifier: Apache-2.0
-- The gray upgrade: a complete slice of the network function beside the old one, designated subscribers first, then
-- users in stages, each watched; then the other halves. README.md beside this file explains it step by step.
local wf = workflow {
  name = "gray_upgrade",
  version = "1.0",
  api = 1,
  needs = { "stage_image", "backup", "upgrade", "config_backup", "load", "split", "join", "steer", "drain", "readmit",
    "switchover", "sync_state", "dial_test", "collect" },
  params = {
    db_lag = { type = "duration", default = "10m", help = "how long the session database may take to be in sync" },
  },
}

function wf:upgrade(nf, plan)
  phase "prepare"
  nf:check(plan.checks)
  nf:stage_image()
  self:prechecks(nf, plan)

  if not nf.program.retarget then -- to a fixed package in mid-way: what there is to save is saved
    phase "backup"
    nf:backup(nf.order.backup.what)
  end

  phase "freeze"
  for guard in plan:guards() do nf:suspend(guard) end

  phase "first slice"
  nf:load()
  nf:split()
  for batch in plan:slice() do self:swap(nf, batch) end
  nf:wait_sync(nil, { within = nf.params.db_lag })
  nf:dial_test "designated"
  self:after_dial_test(nf, plan)

  phase "migrate"
  for stage in plan:stages() do
    stage:ask_before()
    for move in stage:moves() do self:move(nf, move) end
    nf:soak(stage, function(move) self:move(nf, move) end)
    stage:ask_after()
  end

  phase "finish"
  for batch in plan:rest() do self:swap(nf, batch) end
  nf:join()
  nf:check(plan.final_checks)
  nf:dial_test "everybody"
  nf:collect()
  nf:release_guards()
end

-- Users first, then the instances they left.
function wf:move(nf, move)
  nf:steer(move)
  if not move.batch then return end
  nf:drain(move.batch)
  nf:upgrade(move.batch)
  nf:join(move.batch)
end

-- One batch to the other version: half of a pair beside its serving mate, anything else empty.
function wf:swap(nf, batch)
  for _, switch in ipairs(batch.switches) do nf:switchover(switch) end
  if batch.role == "load-sharing" then
    nf:drain(batch)
    nf:upgrade(batch)
    nf:readmit(batch)
  else
    nf:upgrade(batch)
    nf:wait_sync(batch, { within = nf.params.db_lag })
    if not batch.pair then nf:readmit(batch) end
  end
end

-- Hooks for a vendor's own steps; see "extend" in the workflow guide.
function wf:prechecks(nf, plan) end
function wf:after_dial_test(nf, plan) end

-- Back to the source: in this program the planner plans towards it. Arrivals and users first, as many at once as the
-- source carries, with the instances they left after them; then the other halves, then what was switched off.
function wf:rollback(nf, plan, done)
  phase "users back"
  for stage in plan:stages() do
    for move in stage:moves() do self:move(nf, move) end
  end

  phase "instances back"
  for batch in plan:rest() do self:swap(nf, batch) end
  nf:join()
  self:restore_data(nf, done)

  phase "restore"
  nf:release_guards()
  nf:check(plan.final_checks)
  nf:collect()
end

-- Data is brought back only while no user has moved: later it would wipe what they did.
function wf:restore_data(nf, done)
  if nf.order.rollback.data ~= "restore" or not done.backup then return end
  if done.users_moved then
    note "data is not restored: users have worked with it since the backup"
  else
    nf:config_restore { id = done.backup }
  end
end

return wf
