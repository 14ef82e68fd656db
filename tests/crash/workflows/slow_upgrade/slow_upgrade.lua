-- SPDX-License-Identifier: Apache-2.0
-- A vendor's workflow that computes for longer than the engine waits before it commits an outcome alone.
local gray = module "gray_upgrade"
local wf = gray:extend { name = "slow_upgrade", version = "1.0" }

local function compute()
  local sum = 0
  for i = 1, 2000000 do sum = (sum + i * i) % 1000003 end
  return sum
end

function wf:prechecks(nf, plan) note("computed", compute()) end
function wf:after_dial_test(nf, plan) note("computed", compute()) end

return wf
