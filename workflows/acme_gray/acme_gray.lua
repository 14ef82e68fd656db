-- SPDX-License-Identifier: Apache-2.0
-- An example: the procedure of a vendor called Acme, as what differs from gray_upgrade. README.md has the why.
local gray = module "gray_upgrade"
local wf = gray:extend {
  name = "acme_gray",
  version = "1.0",
  needs = { "acme.issu_check" },
  params = {
    issu = { type = "boolean", default = true, help = "ask Acme's manager first whether it may be upgraded in service" },
    warm_up = { type = "duration", default = "1m", help = "how long fresh instances fill their caches" },
  },
  on_fail = { "retry", "replace", "park" }, -- an instance that does not come up: again, on another host, a person
}

-- A verb of Acme's own: served by its adapter, declared there with a schema.
function wf:prechecks(nf, plan)
  if nf.params.issu then nf:call("acme.issu_check", { to = nf.order.request.target.version }) end
end

-- What the instances wrote is gone once they are rebuilt.
function wf:swap(nf, batch)
  nf:collect_instances(batch)
  gray.swap(self, nf, batch)
end

-- Users follow when the caches are warm.
function wf:move(nf, move)
  gray.move(self, nf, move)
  if move.batch then sleep(nf.params.warm_up) end
end

function wf:after_dial_test(nf, plan)
  ask { "The test subscribers are on the target. Go on?", role = "approver", within = "1h", on_timeout = "hold" }
end

return wf
