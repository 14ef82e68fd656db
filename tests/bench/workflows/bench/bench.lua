-- A workflow that does nothing but take steps, so that what is measured is the engine.
local wf = workflow {
  name = "bench",
  version = "1.0",
  api = 1,
  needs = {},
  params = {
    engine_steps = { type = "integer", default = 0, help = "engine steps: sleep(0)" },
    adapter_steps = { type = "integer", default = 0, help = "adapter steps: bench.touch" },
    hold_at = { type = "integer", default = 0, help = "after this many engine steps, sleep for hold_ms" },
    hold_ms = { type = "integer", default = 0, help = "how long" },
    report = { type = "integer", default = 0, help = "not 0: ask the adapter at last how far apart its calls were" },
  },
}

function wf:upgrade(nf, plan)
  local p = nf.params
  for i = 1, p.engine_steps do
    if i == p.hold_at then sleep(p.hold_ms) end
    sleep(0)
  end
  for i = 1, p.adapter_steps do
    nf:call("bench.touch", { number = i })
  end
  if p.report > 0 then nf:call("bench.touch", { report = true }) end
end

function wf:rollback(nf, plan, done) end

return wf
