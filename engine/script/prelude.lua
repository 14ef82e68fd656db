-- SPDX-License-Identifier: Apache-2.0
-- The language of workflows, API level 1: what workflows/ferry.lua documents. Each run pins this text by its
-- digest and is replayed with it for as long as it lives, so a change here reaches new runs only.
--
-- The host calls it with its primitives and the name of the function to run:
--   step(call, args, tolerant) -> ok, result, error    takes a step: the only thing that yields
--   emit(is_phase, text)       rides on the next step
--   load(role)                 the main function of a pinned text, or nil
--   given(member, ...)         a fresh copy of that part of the program's arguments, or nil
--   list(t), null, json(v), lock()
local ferry, entry = ...
local step, given = ferry.step, ferry.given

-- Durations: milliseconds, or a text such as "90s", "15m", "2h", "1d"; a limit that is absent stays so.
local units = { ms = 1, s = 1000, m = 60000, h = 3600000, d = 86400000 }
local function duration(value, name)
  if value == nil or math.type(value) == "integer" and value >= 0 then return value end
  local number, unit = string.match(tostring(value), "^(%d+)(%a+)$")
  if not units[unit] then
    error(name .. ": write milliseconds or a text such as \"90s\", \"15m\", \"2h\", not " .. tostring(value), 3)
  end
  return math.tointeger(number) * units[unit]
end

local function need(value, kind, name)
  if type(value) ~= kind then error(name .. " must be a " .. kind .. ", not " .. type(value), 3) end
  return value
end

-- The instances of a batch; an empty batch is a mistake of the workflow, never a silent nothing.
local function instances_of(batch, name)
  if type(batch) ~= "table" or type(batch.instances) ~= "table" or #batch.instances == 0 then
    error(name .. ": give it a batch with instances (a move without a batch moves users only)", 3)
  end
  return batch.instances
end

-- A copy without the lines of the order, which adapters do not know.
local function plain(value)
  if type(value) ~= "table" then return value end
  local copy = #value > 0 and ferry.list {} or {}
  for k, v in pairs(value) do
    if k ~= "line" then copy[k] = plain(v) end
  end
  return copy
end

-- nf: the network function. A method takes one step and returns its result; nf:try_method returns ok, result,
-- error instead of parking the run when the step fails for good.
local NF, composite = {}, {}

local function act(nf, call, args)
  local ok, result, err = step(call, args, nf.tolerant)
  if nf.tolerant then return ok, result, err end
  return result
end

local function passes(call) -- a method that hands its arguments on as they are
  return function(nf, args) return act(nf, call, args) end
end
for _, call in ipairs { "replace", "restore", "create", "remove", "config_restore" } do
  NF[call] = passes(call)
end

function NF.call(nf, verb, args)
  if not string.find(need(verb, "string", "nf:call"), ".", 1, true) then
    error("nf:call is for verbs of an adapter's own, as in \"acme.issu_check\"; write nf:" .. verb, 2)
  end
  return act(nf, verb, args)
end

function NF.check(nf, checks) return act(nf, "check", { checks = ferry.list(need(checks, "table", "nf:check")) }) end

function NF.observe(nf, verb, args)
  local ok, result, err = step("observe", { verb = need(verb, "string", "nf:observe"), args = args or {} }, nf.tolerant)
  if nf.tolerant then return ok, result and result.last, err end
  return result.last
end

function NF.wait_until(nf, what)
  return act(nf, "wait_until", { verb = need(what.verb, "string", "nf:wait_until: verb"), args = what.args or {},
    ["until"] = need(what.is, "table", "nf:wait_until: is"), within_ms = duration(what.within, "nf:wait_until: within") })
end

function NF.wait_sync(nf, batch, options)
  return nf:wait_until { verb = "sync_state", args = batch and { instances = instances_of(batch, "nf:wait_sync") },
    is = { in_sync = true }, within = options and options.within }
end

-- before the first slice
function NF.stage_image(nf)
  local images = ferry.list {}
  for _, vdu in ipairs(nf.order.vdus) do
    if vdu.target.digest == nil or vdu.target.digest ~= vdu.source.digest then
      images[#images + 1] = { vdu = vdu.vdu_id, ref = vdu.target.ref, digest = vdu.target.digest }
    end
  end
  return act(nf, "stage_image", { images = images })
end

function NF.backup(nf, what)
  local nf_part, image_part = ferry.list {}, false
  for _, item in ipairs(need(what, "table", "nf:backup")) do
    if item == "image" then image_part = true else nf_part[#nf_part + 1] = item end
  end
  if #nf_part > 0 then act(nf, "config_backup", { what = nf_part }) end
  if image_part then
    local mine, ids = {}, ferry.list {}
    for _, vdu in ipairs(nf.order.vdus) do mine[vdu.vdu_id] = true end
    for _, instance in ipairs(nf:observe("inventory").instances) do
      if mine[instance.vdu] then ids[#ids + 1] = instance.id end
    end
    act(nf, "backup", { what = ferry.list { "image" }, instances = ids })
  end
end
composite.backup = true

function NF.suspend(nf, guard)
  local taken = act(nf, "take_guard", { guard = need(guard, "string", "nf:suspend") })
  act(nf, "guard_set", { guard = taken.guard, state = taken.off, prior = taken.prior })
end
composite.suspend = true

function NF.release_guards(nf) return act(nf, "release_guards", {}) end
function NF.load(nf) return act(nf, "load", { version = nf.order.request.target.version }) end
function NF.split(nf) return act(nf, "split", { version = nf.order.request.target.version }) end

-- moving users and instances
function NF.steer(nf, move)
  local gray = nf.order.gray
  return act(nf, "steer", { permille = need(move.permille, "number", "nf:steer: permille"), rate = move.rate,
    basis = gray.basis, selectors = #gray.selectors > 0 and plain(gray.selectors) or nil })
end

function NF.drain(nf, batch, options)
  return act(nf, "drain", { instances = instances_of(batch, "nf:drain"), rate = options and options.rate })
end

function NF.readmit(nf, batch) return act(nf, "readmit", { instances = instances_of(batch, "nf:readmit") }) end

function NF.join(nf, batch)
  if batch == nil then return act(nf, "join", { all = true }) end
  return act(nf, "join", { instances = instances_of(batch, "nf:join"), domain = "target" })
end

function NF.switchover(nf, batch)
  return act(nf, "switchover", { pair = need(batch.pair, "string", "nf:switchover: pair"),
    active = need(batch.switch_to, "string", "nf:switchover: switch_to") })
end

-- What to do when an instance does not come up: a list of these, tried in turn.
local remedies = {
  retry = function(nf, args) return step("upgrade", args, true) end,
  replace = function(nf, args) return step("replace", args, true) end,
  set_aside = function(nf, args, why)
    ferry.emit(false, "set aside: " .. table.concat(args.instances, ", ") .. " (" .. tostring(why) .. ")")
    return true, { set_aside = true }
  end,
  park = function(nf, args) return true, act(nf, "upgrade", args) end,
}

function NF.upgrade(nf, batch, options)
  local args = { instances = instances_of(batch, "nf:upgrade"), image = batch.image.ref, digest = batch.image.digest,
    version = batch.version }
  local policy = options and options.on_fail or nf.on_fail
  if nf.tolerant or not policy then return act(nf, "upgrade", args) end
  local ok, result, err = step("upgrade", args, true)
  for _, name in ipairs(policy) do
    if ok then return result end
    if not remedies[name] then error("on_fail knows retry, replace, set_aside and park, not " .. tostring(name), 2) end
    ok, result, err = remedies[name](nf, args, err and err.message)
  end
  return ok and result or act(nf, "upgrade", args)
end

-- tests, watching, the end
-- Before users move: the order's first test, designated subscribers steered to the target and found there, the
-- undesignated ones in a call that is held from now on. At the end: everybody, who must be on the target.
local dial_times = { designated = "before-migration", everybody = "after-completion" }

function NF.dial_test(nf, who)
  local when, tests, test = dial_times[who], nf.order.dial_tests, nil
  if not when then error("nf:dial_test knows \"designated\" and \"everybody\", not " .. tostring(who), 2) end
  for _, candidate in ipairs(tests) do
    if candidate.when == when then test = test or candidate end
  end
  test = test or tests[1]
  if not test then
    ferry.emit(false, "dial test (" .. who .. "): the order names no subscribers")
    return nf.tolerant or nil
  end
  local args = { subscribers = plain(test.subscribers) }
  for _, subscriber in ipairs(args.subscribers) do
    if who == "designated" and subscriber.steer == "none" then args.hold = true end
  end
  if test.expect then args.expect = { located_in = test.expect.located_in } end
  return act(nf, "dial_test", args)
end

function NF.soak(nf, stage) return act(nf, "soak", { stage = stage.index }) end
function NF.collect(nf) return act(nf, "collect", {}) end
function NF.collect_instances(nf, batch)
  return act(nf, "collect_instances", { instances = instances_of(batch, "nf:collect_instances") })
end

local try_method = setmetatable({}, { __index = function(self, name)
  local method = NF[name]
  if not method or composite[name] then
    error(method and "nf:try_" .. name .. ": it is several steps; try those" or "nf has no method try_" .. name, 3)
  end
  self[name] = function(nf, ...)
    local tolerant = setmetatable({ tolerant = true }, { __index = nf })
    return method(tolerant, ...)
  end
  return self[name]
end })

local order = setmetatable({}, {
  __index = function(_, member) return given("order", member) end,
  __newindex = function() error("the order cannot be changed", 2) end,
  __metatable = false,
})

local function new_nf(wf, params)
  local fields = { order = order, params = params, program = given("program") or {}, on_fail = wf.on_fail }
  return setmetatable(fields, { __metatable = false, __index = function(_, name)
    if NF[name] then return NF[name] end
    if name == "tolerant" then return nil end
    if string.sub(tostring(name), 1, 4) == "try_" then return try_method[string.sub(name, 5)] end
    error("nf has no method '" .. tostring(name) .. "'", 2)
  end })
end

-- plan: the engine's. Each iteration is a step: the engine looks at the world, plans again if it moved, checks,
-- and answers with what is next.
local Plan, Stage = {}, {}
Plan.__index, Stage.__index = Plan, Stage

local function each(call, args, member, wrap)
  return function()
    local _, result = step(call, args)
    if result.done then return nil end
    return wrap and wrap(result[member]) or result[member]
  end
end

function Plan:slice() return each("next_slice", {}, "batch") end
function Plan:rest() return each("next_rest", {}, "batch") end
function Plan:stages()
  return each("next_stage", {}, "stage", function(s)
    return setmetatable({ index = s.index, permille = s.permille, soak_ms = s.soak_ms, asks = s.ask_before }, Stage)
  end)
end

function Plan:guards()
  local at, names = 0, self.guard_names
  return function()
    at = at + 1
    return names[at]
  end
end

function Stage:moves() return each("next_move", { stage = self.index }, "move") end
function Stage:ask_before()
  if not self.asks then return end
  return ask { "Move to " .. self.permille // 10 .. " % of users?", stage = self.index }
end

local function new_plan()
  local plan = given("plan") or {}
  plan.guard_names, plan.guards = plan.guards or {}, nil
  plan.checks, plan.final_checks = plan.checks or {}, plan.final_checks or {}
  return setmetatable(plan, Plan)
end

-- The global functions.
function phase(name) ferry.emit(true, name) end
function note(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  ferry.emit(false, table.concat(parts, " "))
end

function ask(question)
  local _, result = step("ask", { question = need(question[1], "string", "ask: the question"), role = question.role,
    within_ms = duration(question.within, "ask: within"), on_timeout = question.on_timeout, stage = question.stage })
  return result
end

function sleep(time) step("sleep", { ms = duration(need(time, type(time) == "string" and "string" or "number", "sleep"),
  "sleep") }) end

-- One acting call of a run is in flight at a time, so branches are taken in their order.
function parallel(branches)
  local results = {}
  for name, branch in pairs(need(branches, "table", "parallel")) do
    results[name] = need(branch, "function", "parallel: each branch")()
  end
  return results
end

list, null = ferry.list, ferry.null

local Workflow = {}
Workflow.__index = Workflow

function workflow(declaration)
  need(declaration, "table", "workflow")
  need(declaration.name, "string", "workflow: name")
  need(declaration.version, "string", "workflow: version")
  if declaration.api ~= 1 then
    error("workflow " .. declaration.name .. ": this Ferry speaks API level 1; write api = 1", 2)
  end
  declaration.params, declaration.needs = declaration.params or {}, declaration.needs or {}
  return setmetatable(declaration, Workflow)
end

-- A workflow of its own that has everything of this one but what the changes say.
function Workflow:extend(changes)
  need(changes, "table", "extend")
  local params = {}
  for _, from in ipairs { self.params, changes.params or {} } do
    for name, param in pairs(from) do params[name] = param end
  end
  local child = setmetatable({ params = params, base = self }, { __index = self })
  for name, value in pairs(changes) do
    if name ~= "params" then child[name] = value end
  end
  return child
end

local modules = {}
function module(name)
  if modules[name] == nil then
    local main = ferry.load(name)
    if not main then error("there is no module \"" .. tostring(name) .. "\" among the texts this run has pinned", 2) end
    modules[name] = main() or true
  end
  return modules[name]
end

-- Running it.
local kinds = { string = "string", integer = "number", boolean = "boolean", duration = "number", decimal = "string" }
local function read_params(wf)
  local params = given("params") or {}
  for name, param in pairs(wf.params) do
    if params[name] == nil then params[name] = param.default end
    if param.type == "duration" then params[name] = duration(params[name], "parameter " .. name) end
    if params[name] ~= nil and type(params[name]) ~= kinds[param.type] then
      error("parameter " .. name .. " must be a " .. tostring(param.type), 0)
    end
  end
  return params
end

ferry.lock()
local wf = ferry.load("workflow")()
if type(wf) ~= "table" or type(wf.name) ~= "string" then
  error("the workflow's text must end with: return wf", 0)
end
if entry == "" then -- only to be described
  local functions = list {}
  for _, name in ipairs { "upgrade", "rollback" } do
    if type(wf[name]) == "function" then functions[#functions + 1] = name end
  end
  return ferry.json { name = wf.name, version = wf.version, api = wf.api, needs = list(wf.needs), params = wf.params,
    functions = functions }
end
if type(wf[entry]) ~= "function" then error("workflow " .. wf.name .. " has no function " .. entry, 0) end
local params = read_params(wf)
local nf = new_nf(wf, params)
local result = wf[entry](wf, nf, new_plan(), nf.program)
return result ~= nil and ferry.json(result) or "{}"
