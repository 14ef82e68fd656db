-- SPDX-License-Identifier: Apache-2.0
-- The language of workflows, API level 1: what workflows/ferry.lua documents. Each run pins this text by its
-- digest and is replayed with it for as long as it lives, so a change here reaches new runs only.
--
-- It is a book of pages. "--@ NAME" begins one; a page is the body of a function that takes its arguments from "...".
-- A page is opened when its name is used and may be closed again while the run waits, so that a waiting run is small:
-- nothing may be kept in a page. Pages see each other, Lua's allowed functions, and what the host gives:
--   step(call, args, tolerant) -> ok, result, error    takes a step: the only thing that yields
--   emit(is_phase, text)       rides on the next step
--   load_text(role)            the main function of a pinned text, or nil
--   given(member, ...)         a fresh copy of that part of the program's arguments, or nil
--   duration(value, name)      milliseconds, from a number or "90s"; nil stays nil
--   methods(prefix)            an __index that finds the pages of that prefix
--   list(t), null, json(v)
-- Pages "global.NAME" are the global functions of a workflow, "nf.NAME", "plan.NAME", "stage.NAME" and
-- "workflow.NAME" methods.

--@ boot
-- Answers the function to run and its arguments; with no function: what the workflow declares, as JSON.
local entry = ...
module_cache = {}
local wf = load_text("workflow")()
if type(wf) ~= "table" or type(wf.name) ~= "string" then error("the workflow's text must end with: return wf", 0) end
if entry == "" then return describe(wf) end
if type(wf[entry]) ~= "function" then error("workflow " .. wf.name .. " has no function " .. entry, 0) end
local program = given("program") or {}
local nf = setmetatable({ order = order_view(), params = read_params(wf), program = program, tolerant = false,
  on_fail = wf.on_fail or false }, { __index = methods "nf.", __metatable = false })
local plan = given("plan") or {}
plan.guard_names, plan.guards = plan.guards or list {}, nil
plan.checks, plan.final_checks = plan.checks or list {}, plan.final_checks or list {}
return wf[entry], wf, nf, setmetatable(plan, { __index = methods "plan.", __metatable = false }), program

--@ describe
local wf = ...
local functions = list {}
for _, name in ipairs { "upgrade", "rollback" } do
  if type(wf[name]) == "function" then functions[#functions + 1] = name end
end
return json { name = wf.name, version = wf.version, api = wf.api, needs = list(wf.needs), params = wf.params,
  functions = functions }

--@ order_view
-- The order is long and read seldom: each look decodes the member that is asked for.
return setmetatable({}, {
  __index = function(_, member) return given("order", member) end,
  __newindex = function() error("the order cannot be changed", 2) end,
  __metatable = false,
})

--@ read_params
local wf = ...
local kinds = { string = "string", integer = "number", boolean = "boolean", duration = "number", decimal = "string" }
local params = given("params") or {}
for name, param in pairs(wf.params) do
  if params[name] == nil then params[name] = param.default end
  if param.type == "duration" then params[name] = duration(params[name], "parameter " .. name) end
  if params[name] ~= nil and type(params[name]) ~= kinds[param.type] then
    error("parameter " .. name .. " must be a " .. tostring(param.type), 0)
  end
end
return params

--@ need
local value, kind, name = ...
if type(value) ~= kind then error(name .. " must be a " .. kind .. ", not " .. type(value), 3) end
return value

--@ instances_of
-- An empty batch is a mistake of the workflow, never a silent nothing.
local batch, name = ...
if type(batch) ~= "table" or type(batch.instances) ~= "table" or #batch.instances == 0 then
  error(name .. ": give it a batch with instances (a move without a batch moves users only)", 3)
end
return batch.instances

--@ plain
-- A copy without the lines of the order, which adapters do not know.
local value = ...
if type(value) ~= "table" then return value end
local copy = #value > 0 and list {} or {}
for k, v in pairs(value) do
  if k ~= "line" then copy[k] = plain(v) end
end
return copy

--@ act
-- One step: its result, or ok, result, error for nf:try_x.
local nf, call, args = ...
local ok, result, err = step(call, args, nf.tolerant)
if nf.tolerant then return ok, result, err end
return result

--@ try
local name, method = ...
if name == "backup" or name == "suspend" then error("nf:try_" .. name .. ": it is several steps; try those", 3) end
return function(nf, ...)
  return method(setmetatable({ tolerant = true }, { __index = nf }), ...)
end

--@ nf.check
local nf, checks = ...
return act(nf, "check", { checks = list(need(checks, "table", "nf:check")) })

--@ nf.observe
local nf, verb, args = ...
local ok, result, err = step("observe", { verb = need(verb, "string", "nf:observe"), args = args or {} }, nf.tolerant)
if nf.tolerant then return ok, result and result.last, err end
return result.last

--@ nf.wait_until
local nf, what = ...
return act(nf, "wait_until", { verb = need(what.verb, "string", "nf:wait_until: verb"), args = what.args or {},
  ["until"] = need(what.is, "table", "nf:wait_until: is"), within_ms = duration(what.within, "nf:wait_until: within") })

--@ nf.wait_sync
local nf, batch, options = ...
return nf:wait_until { verb = "sync_state", args = batch and { instances = instances_of(batch, "nf:wait_sync") },
  is = { in_sync = true }, within = options and options.within }

--@ nf.check_saved
local nf, id, options = ...
return nf:wait_until { verb = "config_check", args = { id = need(id, "string", "nf:check_saved") }, is = { same = true },
  within = options and options.within or "1m" }

--@ nf.call
local nf, verb, args = ...
if not string.find(need(verb, "string", "nf:call"), ".", 1, true) then
  error("nf:call is for verbs of an adapter's own, as in \"acme.issu_check\"; write nf:" .. verb, 2)
end
return act(nf, verb, args)

--@ nf.stage_image
local nf = ...
local images = list {}
for _, vdu in ipairs(nf.order.vdus) do
  if vdu.target.digest == nil or vdu.target.digest ~= vdu.source.digest then
    images[#images + 1] = { vdu = vdu.vdu_id, ref = vdu.target.ref, digest = vdu.target.digest }
  end
end
return act(nf, "stage_image", { images = images })

--@ nf.backup
local nf, what = ...
local nf_part, image_part = list {}, false
for _, item in ipairs(need(what, "table", "nf:backup")) do
  if item == "image" then image_part = true else nf_part[#nf_part + 1] = item end
end
local ids_of = {}
if #nf_part > 0 then ids_of.config = act(nf, "config_backup", { what = nf_part }).id end
if image_part then
  local mine, ids = {}, list {}
  for _, vdu in ipairs(nf.order.vdus) do mine[vdu.vdu_id] = true end
  for _, instance in ipairs(nf:observe("inventory").instances) do
    if mine[instance.vdu] then ids[#ids + 1] = instance.id end
  end
  ids_of.image = act(nf, "backup", { what = list { "image" }, instances = ids }).id
end
return ids_of

--@ nf.suspend
local nf, guard = ...
local taken = act(nf, "take_guard", { guard = need(guard, "string", "nf:suspend") })
act(nf, "guard_set", { guard = taken.guard, state = taken.off, prior = taken.prior, lease_ms = taken.lease_ms })

--@ nf.release_guards
local nf = ...
return act(nf, "release_guards", {})

--@ nf.load
local nf = ...
return act(nf, "load", { version = nf.order.request.target.version })

--@ nf.split
local nf = ...
return act(nf, "split", { version = nf.order.request.target.version })

--@ nf.steer
local nf, move = ...
local gray = nf.order.gray
return act(nf, "steer", { permille = need(move.permille, "number", "nf:steer: permille"), rate = move.rate,
  basis = gray.basis, selectors = #gray.selectors > 0 and plain(gray.selectors) or nil })

--@ nf.drain
local nf, batch, options = ...
return act(nf, "drain", { instances = instances_of(batch, "nf:drain"), rate = options and options.rate })

--@ nf.readmit
local nf, batch = ...
return act(nf, "readmit", { instances = instances_of(batch, "nf:readmit") })

--@ nf.join
local nf, batch = ...
if batch == nil then return act(nf, "join", { all = true }) end
return act(nf, "join", { instances = instances_of(batch, "nf:join"), domain = batch.domain or "target" })

--@ nf.switchover
local nf, batch = ...
return act(nf, "switchover", { pair = need(batch.pair, "string", "nf:switchover: pair"),
  active = need(batch.switch_to, "string", "nf:switchover: switch_to") })

--@ nf.upgrade
-- With a policy (on_fail) the remedies are taken in turn; without one, or at its end, the engine parks the run.
local nf, batch, options = ...
local args = { instances = instances_of(batch, "nf:upgrade"), image = batch.image.ref, digest = batch.image.digest,
  version = batch.version }
local policy = options and options.on_fail or nf.on_fail
if nf.tolerant or not policy then return act(nf, "upgrade", args) end
local ok, result, err = step("upgrade", args, true)
for _, name in ipairs(policy) do
  if ok then return result end
  if name == "park" then return act(nf, "upgrade", args) end
  if name == "set_aside" then
    return act(nf, "set_aside", { instances = args.instances, why = tostring(err.message) })
  end
  if name ~= "retry" and name ~= "replace" then
    error("on_fail knows retry, replace, set_aside and park, not " .. tostring(name), 2)
  end
  ok, result, err = step(name == "retry" and "upgrade" or "replace", args, true)
end
if ok then return result end
return act(nf, "upgrade", args)

--@ nf.set_aside
local nf, batch, why = ...
return act(nf, "set_aside", { instances = instances_of(batch, "nf:set_aside"), why = need(why, "string", "nf:set_aside: why") })

--@ nf.dial_test
-- Before users move: the order's first test, designated subscribers steered to the target and found there, the
-- undesignated ones in a call that is held from now on. At the end: everybody, who must be on the target.
local nf, who = ...
local when = ({ designated = "before-migration", everybody = "after-completion" })[who]
if not when then error("nf:dial_test knows \"designated\" and \"everybody\", not " .. tostring(who), 2) end
local tests, test = nf.order.dial_tests, nil
for _, candidate in ipairs(tests) do
  if candidate.when == when then test = test or candidate end
end
test = test or tests[1]
if not test then
  emit(false, "dial test (" .. who .. "): the order names no subscribers")
  return nf.tolerant or nil
end
local args = { subscribers = plain(test.subscribers) }
for _, subscriber in ipairs(args.subscribers) do
  if who == "designated" and subscriber.steer == "none" then args.hold = true end
end
if test.expect then args.expect = { located_in = test.expect.located_in } end
return act(nf, "dial_test", args)

--@ nf.soak
-- With a mover, an operator's new share ends the soak at once: the moves to it are made, and it is held anew.
local nf, stage, mover = ...
if nf.tolerant then return act(nf, "soak", { stage = stage.index }) end
local result
repeat
  result = act(nf, "soak", { stage = stage.index, adjustable = mover and true or nil })
  if result.adjusted then
    for move in stage:moves() do mover(move) end
  end
until not result.adjusted
return result

--@ nf.collect
local nf = ...
return act(nf, "collect", {})

--@ nf.collect_instances
local nf, batch = ...
return act(nf, "collect_instances", { instances = instances_of(batch, "nf:collect_instances") })

--@ nf.replace
local nf, args = ...
return act(nf, "replace", args)

--@ nf.restore
local nf, args = ...
return act(nf, "restore", args)

--@ nf.create
local nf, args = ...
return act(nf, "create", args)

--@ nf.remove
local nf, args = ...
return act(nf, "remove", args)

--@ nf.config_restore
local nf, args = ...
return act(nf, "config_restore", args)

--@ each
-- An iterator over an engine step: the engine looks at the world, plans again if it moved, checks, and answers with
-- what is next.
local call, args, member, wrap = ...
return function()
  local _, result = step(call, args)
  if result.done then return nil end
  return wrap and wrap(result[member]) or result[member]
end

--@ plan.slice
return each("next_slice", {}, "batch")

--@ plan.rest
return each("next_rest", {}, "batch")

--@ plan.stages
return each("next_stage", {}, "stage", function(s)
  return setmetatable({ index = s.index, permille = s.permille, soak_ms = s.soak_ms, asks = s.ask_before,
      asks_after = s.ask_after },
    { __index = methods "stage.", __metatable = false })
end)

--@ plan.guards
local plan = ...
local at, names = 0, plan.guard_names
return function()
  at = at + 1
  return names[at]
end

--@ stage.moves
local stage = ...
return each("next_move", { stage = stage.index }, "move")

--@ stage.ask_before
local stage = ...
if not stage.asks then return end
local _, result = step("ask", { question = "Move to " .. stage.permille // 10 .. " % of users?", stage = stage.index })
return result

--@ stage.ask_after
local stage = ...
if not stage.asks_after then return end
local _, result = step("ask", { question = "Stay at " .. stage.permille // 10 .. " % of users and go on?",
  stage = stage.index, after = true })
return result

--@ global.phase
local name = ...
emit(true, name)

--@ global.note
local parts = table.pack(...)
for i = 1, parts.n do parts[i] = tostring(parts[i]) end
emit(false, table.concat(parts, " "))

--@ global.ask
local question = ...
local _, result = step("ask", { question = need(question[1], "string", "ask: the question"), role = question.role,
  within_ms = duration(question.within, "ask: within"), on_timeout = question.on_timeout, stage = question.stage,
  count = question.count })
return result

--@ global.sleep
local time = ...
if time == nil then error("sleep: for how long?", 2) end
step("sleep", { ms = duration(time, "sleep") })

--@ global.parallel
-- One acting call of a run is in flight at a time, so branches are taken in their order.
local results = {}
for name, branch in pairs(need(..., "table", "parallel")) do
  results[name] = need(branch, "function", "parallel: each branch")()
end
return results

--@ global.list
return list(...)

--@ global.module
local name = ...
if module_cache[name] == nil then
  local main = load_text(name)
  if not main then error("there is no module \"" .. tostring(name) .. "\" among the texts this run has pinned", 2) end
  module_cache[name] = main() or true
end
return module_cache[name]

--@ global.workflow
local declaration = ...
need(declaration, "table", "workflow")
need(declaration.name, "string", "workflow: name")
need(declaration.version, "string", "workflow: version")
if declaration.api ~= 1 then
  error("workflow " .. declaration.name .. ": this Ferry speaks API level 1; write api = 1", 2)
end
declaration.params, declaration.needs = declaration.params or {}, declaration.needs or {}
return setmetatable(declaration, { __index = methods "workflow." })

--@ workflow.rollback
-- For a workflow that says nothing of going back: users first, then what they left, then the other halves.
local _, nf, plan = ...
emit(true, "users back")
for stage in plan:stages() do
  for move in stage:moves() do
    nf:steer(move)
    if move.batch then
      nf:drain(move.batch)
      nf:upgrade(move.batch)
      nf:join(move.batch)
    end
  end
end
emit(true, "instances back")
for batch in plan:rest() do
  for _, switch in ipairs(batch.switches) do nf:switchover(switch) end
  if batch.role == "load-sharing" then nf:drain(batch) end
  nf:upgrade(batch)
  if batch.role ~= "load-sharing" then nf:wait_sync(batch) end
  if not batch.pair then nf:readmit(batch) end
end
nf:join()
emit(true, "restore")
nf:release_guards()
nf:check(plan.final_checks)

--@ workflow.extend
-- A workflow of its own that has everything of this one but what the changes say.
local wf, changes = ...
need(changes, "table", "extend")
local params, needs = {}, list {}
for _, from in ipairs { wf, changes } do
  for name, param in pairs(from.params or {}) do params[name] = param end
  for _, verb in ipairs(from.needs or {}) do needs[#needs + 1] = verb end
end
local child = setmetatable({ params = params, needs = needs, base = wf }, { __index = wf })
for name, value in pairs(changes) do
  if name ~= "params" and name ~= "needs" then child[name] = value end
end
return child
