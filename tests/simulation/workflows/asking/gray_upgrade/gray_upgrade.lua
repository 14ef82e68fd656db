-- SPDX-License-Identifier: Apache-2.0
-- A vendor's workflow for the campaign: it asks on the way up and on the way back; with one stage only it has a mistake in both.
local wf = workflow { name = "gray_upgrade", version = "1.0", api = 1 }
local back = wf.rollback

local function go_on(nf)
  if #nf.order.gray.stages > 1 then return end
  local nothing
  nothing.at_all()
end

function wf:upgrade(nf, plan)
  for guard in plan:guards() do nf:suspend(guard) end
  nf:load() nf:split()
  for batch in plan:slice() do
    nf:upgrade(batch)
    nf:wait_sync(batch)
    break
  end
  ask { "Go on?", within = "5m" }
  go_on(nf)
  sleep "5m"
  nf:release_guards()
end

function wf:rollback(nf, plan, done)
  ask { "Go back?", within = "5m" }
  go_on(nf)
  back(self, nf, plan, done)
end

return wf
