-- SPDX-License-Identifier: Apache-2.0
---@meta
-- What a workflow sees, for the reader and for an editor with the Lua language server: types, and functions with empty
-- bodies. The words behind them are in engine/script/prelude.lua; a test holds the two together.
-- docs/workflow-guide.md is the tour.

---A duration: milliseconds, or a text: "500ms", "90s", "15m", "2h", "1d".
---@alias Duration integer|string

---@class Error What nf:try_x gives when a step failed for good.
---@field kind "permanent"|"refused"|"timeout"|"invalid"|"transient"
---@field message string the peer's own words
---@field hint? string

---@class Image
---@field ref string
---@field digest? string

---@class Batch Instances that are taken together; the planner's, proven by the checker when it is handed out.
---@field vdu string
---@field role "oam"|"active-standby"|"data-storage"|"load-sharing"
---@field instances string[]
---@field image Image what they are to run
---@field version string
---@field pair? string a pair's half: the instances are the standby one
---@field switch_to? string the mate that must be active before this half is touched
---@field switches { pair: string, switch_to: string }[] all of them, where the halves of several pairs go together
---@field served_by "vim"|"nf" who owns these instances
---@field users_moved? integer forecast
---@field users_at_risk? integer forecast
---@field duration_ms? integer forecast

---@class Move Users first, then the instances they left.
---@field permille integer of users on the target when it is done
---@field rate? integer users a second
---@field batch? Batch absent: only users move

---@class Stage
---@field index integer
---@field permille integer
---@field soak_ms integer
local Stage = {}

---Ask for approval if the order wants it before this stage; who and how long stands in the order.
---@return { answer: string, who: string }?
function Stage:ask_before() end

---Ask for approval if the order wants it after this stage, when its soak has passed.
---@return { answer: string, who: string }?
function Stage:ask_after() end

---The moves that lead to this stage's share, planned anew from what is before each.
---@return fun(): Move?
function Stage:moves() end

---@class Plan The engine's: what is left to do. Each round of a loop is a step in which it looks at the world again.
---@field checks string[] the order's checks before anything is touched
---@field final_checks string[] and at the end
---@field revision integer
local Plan = {}

---The smallest set that carries a complete service flow: standby halves, one load-sharing instance.
---@return fun(): Batch?
function Plan:slice() end

---The stages that are not reached yet.
---@return fun(): Stage?
function Plan:stages() end

---What is still on the source.
---@return fun(): Batch?
function Plan:rest() end

---The guards the order takes.
---@return fun(): string?
function Plan:guards() end

---@class NF The network function: one method, one step, unless it says otherwise. A step returns when it has succeeded;
---one that fails for good parks the run until a person decides. nf:try_NAME is the same step, which then returns
---ok, result, error instead.
---@field order table the order as parsed (engine/order/order.h has its members); each look is a copy
---@field params table<string, any> the workflow's parameters, with defaults; durations in milliseconds
---@field program table what this program was started with: for a rollback what was done;
---`retarget` { version, former, why } after a retarget
local NF = {}

---Run the named checks, all of them; fails if one is not ok, and says which.
---@param checks string[]
---@return { results: { check: string, ok: boolean, why: string }[] }
function NF:check(checks) end

---Make sure the target images can be booted without a further download.
function NF:stage_image() end

---Back up: "config" and "data" by the NF's adapter, "image" by the cloud. Several steps. Answers the backups' ids.
---@param what string[]
---@return { config: string?, image: string? }
function NF:backup(what) end

---Wait until configuration and data are what that backup of them holds; fails with the differences.
---@param id string
---@param options? { within: Duration }
function NF:check_saved(id, options) end

---Switch off a guard for this run: its state before is recorded first. Two steps.
---@param guard string
function NF:suspend(guard) end

---Give every guard back as it was, and read it back.
function NF:release_guards() end

---Make the target version known to the NF; nothing runs it yet.
function NF:load() end

---Split the NF in a source and an (empty) target domain.
function NF:split() end

---Move users until this share of them is on the target, at this rate.
---@param move Move|{ permille: integer, rate?: integer }
---@return { measured: table, permille: integer, moved: integer }
function NF:steer(move) end

---Empty these instances: nobody new arrives, nobody is left.
---@param batch Batch
---@param options? { rate: integer }
function NF:drain(batch, options) end

---Bring these instances to the batch's image. Sessions on them would be lost: drain first.
---@param batch Batch
---@param options? { on_fail: ("retry"|"replace"|"set_aside"|"park")[] }
function NF:upgrade(batch, options) end

---Go on without these instances, if the checker agrees: no later step touches them, and they are owed in every view,
---the report and the final state.
---@param batch Batch|{ instances: string[] }
---@param why string
function NF:set_aside(batch, why) end

---Let these instances serve again, in the domain of their version.
---@param batch Batch
function NF:readmit(batch) end

---Put upgraded instances into the target domain; without a batch: one domain again, the upgrade is over.
---@param batch? Batch
function NF:join(batch) end

---Make the mate that the batch names (switch_to) the active one of its pair.
---@param batch Batch
function NF:switchover(batch) end

---Wait until these instances (none: all that replicate) are in sync.
---@param batch? Batch
---@param options? { within: Duration }
function NF:wait_sync(batch, options) end

---Wait until an observing verb answers so. One step, however often it is asked.
---@param what { verb: string, args?: table, is: table<string, any>, within?: Duration }
---@return { last: table }
function NF:wait_until(what) end

---Look once with an observing verb: "health", "inventory", "alarms", "sync_state", "counters", ...
---@param verb string
---@param args? table
---@return table
function NF:observe(verb, args) end

---The order's dial test. "designated", before users move: test subscribers on the target, the undesignated ones in a
---call that is held from now on. "everybody", at the end.
---@param who "designated"|"everybody"
function NF:dial_test(who) end

---Hold the stage for its soak time while the gates watch; only time that ticks cover counts.
---With a mover, a share that an operator adjusts meanwhile takes effect at once: the moves to it are made, then the
---stage is held anew. Without one it takes effect at the next stage.
---@param stage Stage
---@param mover? fun(move: Move)
---@return { verdict: string }
function NF:soak(stage, mover) end

---Collect logs and states of the NF.
function NF:collect() end

---Collect logs and consoles of instances, before they are destroyed.
---@param batch Batch
function NF:collect_instances(batch) end

---As upgrade, on another host.
---@param args { instances: string[], image: string, digest?: string, version: string }
function NF:replace(args) end

---Bring a backup of images back.
---@param args { id: string }
function NF:restore(args) end

---@param args { vdu: string, count: integer, image?: string }
---@return { instances: string[] }
function NF:create(args) end

---@param args { instances: string[] }
function NF:remove(args) end

---Bring a backup of configuration and data back.
---@param args { id: string }
function NF:config_restore(args) end

---A verb of an adapter's own.
---@param verb string "acme.issu_check"
---@param args? table
---@return table
function NF:call(verb, args) end

---@class Workflow
---@field name string
---@field version string
---@field api integer
---@field on_fail? ("retry"|"replace"|"set_aside"|"park")[] what to do when an instance does not come up; none: park
local Workflow = {}

---The same procedure with some of its functions, parameters or fields replaced. What it needs is added to.
---@param changes table
---@return Workflow
function Workflow:extend(changes) end

---Take the users back to the source, then the instances. A workflow that does not write its own has this one: in a
---rollback program stages, moves and rest are planned towards the source.
---@param nf NF
---@param plan Plan
---@param done table what stood there when it began: { split, permille, users_moved, backup?, versions, guards, in_doubt? }
function Workflow:rollback(nf, plan, done) end

---Declare a workflow. It has a function upgrade(self, nf, plan) and may have rollback(self, nf, plan, done). The text ends
---with "return wf".
---@param declaration { name: string, version: string, api: integer, needs?: string[], params?: table, on_fail?: string[] }
---@return Workflow
function workflow(declaration) end

---What another text of this run returns: a file beside the workflow, or another workflow of the catalogue.
---@param name string
---@return any
function module(name) end

---A new phase: what people see on the screen and in the report.
---@param name string
function phase(name) end

---A line in the run's journal.
---@param ... any
function note(...) end

---Ask a person; the run waits.
---@param question { [1]: string, role?: string, count?: integer, within?: Duration, on_timeout?: string }
---@return { answer: string, who: string }
function ask(question) end

---Wait, in the run's own time.
---@param time Duration
function sleep(time) end

---Take branches (functions) over several VDUs; their results under the same names. One acting step of a run is in flight
---at a time, so they are taken in the order of their names.
---@param branches table<any, fun(): any>
---@return table<any, any>
function parallel(branches) end

---Mark a table as a list, so that it is one for an adapter also when it is empty.
---@generic T
---@param items T[]
---@return T[]
function list(items) end

---JSON's null, which is a value: it is handed on as it came.
null = nil
