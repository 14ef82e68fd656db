-- SPDX-License-Identifier: Apache-2.0
-- A short upgrade for the double deaths: a step of every kind, and few of them. It bears the name that the order asks for.
local wf = workflow { name = "gray_upgrade", version = "1.0", api = 1 }

function wf:upgrade(nf, plan)
  phase "freeze"
  nf:check(plan.checks)
  nf:suspend "healing" nf:suspend "config-freeze"
  nf:load() nf:split()
  phase "first slice"
  for batch in plan:slice() do
    nf:upgrade(batch)
    nf:wait_sync(batch)
    break
  end
  sleep "1s"
  ask { "Go on?", within = "1h" }
  nf:try_config_restore { id = "nothing" }
  nf:release_guards()
end

return wf
