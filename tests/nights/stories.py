# SPDX-License-Identifier: Apache-2.0
"""The nights: a function each, its first line what happens and how it ends. Later steps are named by what is seen of them."""
import os
import time

from night import RUN, Refused

LEASE_S = 20  # of the clock on the wall, in a trial (docs/operator-guide.md)
HOLD = (r'onFailure="rollback"', 'onFailure="hold"')


# ---- going back, from wherever it stands ---------------------------------------------------------------------

def back_from(call, stage=None):
    def story(night):
        night.submit()
        night.until("PROCESSING", step=call, stage=stage)
        night.verb("rollback")
        night.until("ROLLED_BACK")
        night.as_before()
    story.__doc__ = f"rollback while {call} is under way{f' at {stage // 10} %' if stage else ''}: as before"
    return story


def back_while_paused(night):
    """rollback of a paused run at 50 %: as before"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.verb("pause")
    night.until("PAUSED")
    night.verb("rollback")
    night.until("ROLLED_BACK")
    night.as_before()


def back_while_parked(night):
    """rollback of a run that was cancelled at 50 %: as before"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.verb("cancel")
    night.until("FAILED_TEMP")
    night.verb("rollback")
    night.until("ROLLED_BACK")
    night.as_before()


def back_with_hosts_killed(night):
    """rollback in the moment in which the adapter hosts are killed, and once more on the way: as before"""
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    night.kill_hosts("adapter")
    night.verb("rollback")
    night.until("ROLLING_BACK", step="steer")
    night.kill_hosts("adapter")
    night.until("ROLLED_BACK")
    night.as_before()


def back_with_ferryd_killed(night):
    """ferryd is killed as soon as a rollback is asked for, and in the middle of it: as before"""
    night.submit()
    night.until("PROCESSING", step="steer", stage=1000)
    night.verb("rollback")
    night.engine.kill()
    night.engine.start()
    night.until("ROLLING_BACK", step="upgrade")
    night.engine.kill()
    night.engine.start()
    night.until("ROLLED_BACK")
    night.as_before()


def back_twice(night):
    """a rollback is cancelled and another one begun: as before"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.verb("rollback")
    night.until("ROLLING_BACK", step="upgrade")
    night.verb("cancel")
    night.until("FAILED_TEMP")
    night.verb("rollback")
    night.until("ROLLED_BACK")
    night.as_before()


def back_after_completion(night):
    """rollback of a completed upgrade: a mirrored one, gray and tested like the first, as before"""
    night.submit()
    night.until("COMPLETED")
    night.upgraded()
    night.verb("rollback")
    night.until("ROLLED_BACK")
    night.as_before()
    calls = [r["body"]["call"] for r in night.engine.records(RUN) if r["name"] == "intent"]
    night.expect(calls.count("dial_test") >= 3 and calls.count("config_backup") == 2, "it had no dial test or backup of its own")


def back_with_a_dead_target(night):
    """every instance of the target crashes at 50 %: those who sat there are dropped, everybody is taken back"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.fault("target_dead")
    night.verb("rollback")
    night.until("ROLLED_BACK")
    night.as_before(but=("users_dropped", "ticks_source_overloaded", "ticks_target_overloaded", "held_calls_dropped"))
    why = night.counters()["dropped_by_why"]
    night.expect(set(why) <= {"instance crashed"}, f"dropped: {why}")


# ---- the new version is bad ----------------------------------------------------------------------------------

def target_worse(night):
    """the target is 5 points worse: the gate finds it, goes back by itself, as before"""
    night.submit()
    night.until("PROCESSING", step="steer", stage=500)
    night.fault("target_points_worse")
    night.until("ROLLED_BACK")
    night.as_before()
    night.expect(any(r["name"] == "verdict" and r["body"]["verdict"] == "rollback" for r in night.engine.records(RUN)),
                 "no verdict says why")


def dial_test_fails(night):
    """the dial test fails: back before anybody has moved"""
    night.fault("dial_test_fails")
    night.submit()
    night.until("ROLLED_BACK")
    night.as_before()
    night.expect(not any(r["name"] == "intent" and r["body"]["call"] == "steer" and r["body"]["args"].get("permille", 0) > 0
                         for r in night.engine.records(RUN)), "users were moved")


def subscriber_on_the_source(night):
    """the dial test works, but its subscriber is found on the source: back before anybody has moved"""
    night.fault("dial_test_misplaced")
    night.submit()
    night.until("ROLLED_BACK")
    night.as_before()


# ---- the cloud is bad ----------------------------------------------------------------------------------------

def never_comes_up(night):
    """an instance never comes up and the order rolls back: as before"""
    night.submit()
    night.until("PROCESSING", step="dial_test")
    night.fault("build_never_ends", "count=1")
    night.until("ROLLED_BACK")
    night.as_before()


def comes_up_no_more(night):
    """an instance does not come up on the way back either: parked, set aside, the others are as before and it is owed"""
    night.submit()
    night.until("PROCESSING", step="dial_test")
    night.fault("build_never_ends", "on=amf-svc-03")
    night.until("FAILED_TEMP")
    night.verb("set-aside", instances=["amf-svc-03"])
    night.until("ROLLED_BACK", passing=("FAILED_TEMP",))
    night.nobody_harmed()
    night.guards_back()
    night.expect("amf-svc-03" in str(night.view().get("set_aside", night.view())), "nothing is owed")


def never_comes_up_and_is_replaced(night):
    """an instance never comes up and the order holds: parked, replaced on another host, completed"""
    night.submit(HOLD)
    night.until("PROCESSING", step="dial_test")
    night.fault("build_never_ends", "count=1")
    night.until("FAILED_TEMP")
    night.verb("replace")
    night.until("COMPLETED")
    night.upgraded()


def dies_mid_batch(night):
    """an instance dies in the middle of its batch and the order rolls back: as before"""
    night.submit()
    night.until("PROCESSING", step="steer", stage=500)
    night.fault("instance_dies", "on=batch")
    night.until("ROLLED_BACK")
    night.as_before()


def dies_mid_batch_and_is_retried(night):
    """an instance dies in the middle of its batch and the order holds: parked, retried, completed"""
    night.submit(HOLD)
    night.until("PROCESSING", step="steer", stage=500)
    night.fault("instance_dies", "on=batch")
    night.until("FAILED_TEMP")
    night.verb("retry")
    night.until("COMPLETED", passing=("FAILED_TEMP",))
    night.upgraded()


def vim_fails_for_a_minute(night):
    """the cloud answers 500 for a minute: completed"""
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    night.fault("http_error", "500", "part=vim", "for=60s")
    night.until("COMPLETED")
    night.upgraded()


def reply_lost(night):
    """replies are lost after their effects: nothing is done twice, completed"""
    night.fault("reply_lost", "permille=300")
    night.submit()
    night.until("COMPLETED")
    night.upgraded()
    night.expect(night.counters()["replies_lost"] > 0, "no reply was lost")


def effect_after_the_reply(night):
    """effects come after they were given up: nothing is done twice, completed"""
    night.fault("late_effect", "3000", "permille=200", "answer=timeout")
    night.submit()
    night.until("COMPLETED")
    night.upgraded()


def wrong_password(night):
    """the cloud's password is not accepted any more: parked, the password is mended, retried, completed"""
    night.submit(HOLD)
    night.until("PROCESSING", step="soak", stage=500)
    night.fault("password_wrong", "part=vim")
    night.until("FAILED_TEMP")
    night.clear("password_wrong")
    night.verb("retry")
    night.until("COMPLETED")
    night.upgraded()


def site_cut(night):
    """the site is cut off for ten minutes: completed once it is back"""
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    night.fault("site_cut", "for=10m")
    night.until("COMPLETED")
    night.upgraded()


# ---- people --------------------------------------------------------------------------------------------------

def workflow_edited(night):
    """the workflow's file is edited while the run goes, and ferryd is killed: the pinned text goes on, completed"""
    night.submit()
    night.until("PROCESSING", step="upgrade", stage=500)
    path = os.path.join(night.workflows, "gray_upgrade", "gray_upgrade.lua")
    with open(path, encoding="utf-8") as source:
        text = source.read()
    with open(path, "w", encoding="utf-8") as out:
        out.write(text.replace("function wf:upgrade(nf, plan)", 'function wf:upgrade(nf, plan)\n  phase "edited"'))
    night.engine.kill()
    night.engine.start()
    night.until("COMPLETED")
    night.upgraded()
    night.expect(not any(r["name"] == "phase" and r["body"]["text"] == "edited" for r in night.engine.records(RUN)),
                 "the edited text was run")


def second_order(night):
    """a second order for the same function and one for its mate: both refused, naming the first"""
    night.submit()
    night.until("PROCESSING")
    for pattern, put in ((r'requestId="CHG-0007"', 'requestId="CHG-0008"'),
                         (r"<f:VnfInstanceId>amf-east-1<", "<f:VnfInstanceId>amf-east-2<")):
        changes = [(r'requestId="CHG-0007"', 'requestId="CHG-0008"')]
        if "Vnf" in pattern:
            changes += [(pattern, put), (r'exclusionGroup="amf-set-1"', ""),
                        (r'<f:Mate vnfInstanceId="amf-east-2"', '<f:Mate vnfInstanceId="amf-east-1"')]
        with open(night.order(*changes, name="second.xml"), encoding="utf-8") as source:
            text = source.read()
        try:
            night.engine.request("POST", f"/v1/upgrades?scale={night.scale}&epoch_ms=window", text)
            night.expect(False, f"accepted: {put}")
        except Refused as refused:
            night.expect(refused.status == 409 and RUN in str(refused), f"{put}: {refused}")
    night.verb("rollback")
    night.until("ROLLED_BACK")


def window_ends_while_parked(night):
    """nobody comes to a parked run before its window ends: back in time, as before"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.verb("cancel")
    night.until("FAILED_TEMP")
    night.until("ROLLED_BACK", passing=("FAILED_TEMP",))
    night.as_before()
    end_ms = night.view()["window"]["end_ms"]
    night.expect(night.view()["ended_ms"] <= end_ms, "it ended after the window")


def approver_asleep(night):
    """nobody answers and the order says rollback: as before"""
    night.approving = False
    night.submit((r'onTimeout="hold"', 'onTimeout="rollback"'))
    night.until("ROLLED_BACK")
    night.as_before()


def approver_asleep_until_the_window_ends(night):
    """nobody answers and the order says hold: it waits until the window's end takes it back"""
    night.approving = False
    night.submit()
    night.until("ROLLED_BACK")
    night.as_before()
    night.expect(any(r["name"] == "state changed" and r["body"]["event"] == "window_ends" for r in night.engine.records(RUN)),
                 "it was not the window that took it back")


def retargeted(night):
    """at 50 % a fixed package takes the target's place: tested anew, completed on it"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.verb("pause")
    night.until("PAUSED")
    night.verb("retarget", version="1.3.1", images={"OMU": {"ref": "amf-omu:1.3.1", "digest": "sha256:7c43"},
                                                   "SDB": {"ref": "amf-sdb:1.3.1", "digest": "sha256:93f1"},
                                                   "SVC": {"ref": "amf-svc:1.3.1", "digest": "sha256:a8d8"}})
    night.until("COMPLETED")
    night.upgraded(version="1.3.1")


# ---- guards --------------------------------------------------------------------------------------------------

def healing_left_on(night):
    """healing is left on by hand: the world shows the damage"""
    night.submit((r'take="healing scaling alarm-mark config-freeze"', 'take="scaling alarm-mark config-freeze"'))
    night.until("COMPLETED", "FAILED_TEMP", "ROLLED_BACK")
    counters = night.counters()
    night.expect(counters["healing_interferences"] > 0, "healing did not interfere")


def guard_changed(night):
    """somebody else sets a guard meanwhile: reported, and left as they set it"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.fault("guard_changed", "on=scaling", 'state={"enabled":false,"max":20}')
    night.until("COMPLETED")
    guard = next(g for g in night.view()["guards"] if g["guard"] == "scaling")
    night.expect(not guard["held"] and not guard["as_it_was"] and "somebody else" in guard.get("why", ""), f"{guard}")
    state = night.world.ask("status")["guards"]["scaling"]
    night.expect(state.get("max") == 20, f"it was overwritten: {state}")


def lease_runs_out(night):
    """ferryd is dead for longer than a guard's lease: the platform switches healing on by itself, the successor off again, and says so"""
    night.submit()
    night.until("PROCESSING", step="soak", stage=500)
    night.engine.kill()
    time.sleep(LEASE_S + 3)
    night.engine.start()
    night.until("COMPLETED")
    lease = night.world.ask("guards")["healing"]["lease"]
    night.expect(lease["expired"] == 1 and lease["until"] == 0, f"lease of healing: {lease}")
    night.expect(any(r["name"] == "alarm" and r["body"].get("guard") == "healing" and r["body"]["lease"] == "taken again"
                     for r in night.engine.records(RUN)), "nobody was told")
    night.guards_back()


STORIES = {
    "back-from-backup": back_from("backup"),
    "back-from-the-slice": back_from("upgrade"),
    "back-from-the-dial-test": back_from("dial_test"),
    "back-from-moving-to-50": back_from("steer", 500),
    "back-from-the-soak-at-50": back_from("soak", 500),
    "back-from-a-batch-to-100": back_from("upgrade", 1000),
    "back-from-the-soak-at-100": back_from("soak", 1000),
    "back-while-paused": back_while_paused,
    "back-while-parked": back_while_parked,
    "back-with-hosts-killed": back_with_hosts_killed,
    "back-with-ferryd-killed": back_with_ferryd_killed,
    "back-twice": back_twice,
    "back-after-completion": back_after_completion,
    "back-with-a-dead-target": back_with_a_dead_target,
    "target-worse": target_worse,
    "dial-test-fails": dial_test_fails,
    "subscriber-on-the-source": subscriber_on_the_source,
    "never-comes-up": never_comes_up,
    "never-comes-up-and-is-replaced": never_comes_up_and_is_replaced,
    "comes-up-no-more": comes_up_no_more,
    "dies-mid-batch": dies_mid_batch,
    "dies-mid-batch-and-is-retried": dies_mid_batch_and_is_retried,
    "vim-fails-for-a-minute": vim_fails_for_a_minute,
    "reply-lost": reply_lost,
    "effect-after-the-reply": effect_after_the_reply,
    "wrong-password": wrong_password,
    "site-cut": site_cut,
    "workflow-edited": workflow_edited,
    "second-order": second_order,
    "window-ends-while-parked": window_ends_while_parked,
    "approver-asleep": approver_asleep,
    "approver-asleep-until-the-window-ends": approver_asleep_until_the_window_ends,
    "retargeted": retargeted,
    "healing-left-on": healing_left_on,
    "guard-changed": guard_changed,
    "lease-runs-out": lease_runs_out,
}
