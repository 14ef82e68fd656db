/* SPDX-License-Identifier: Apache-2.0 */
/* What the world consists of. Private to this folder; world.h is what others see. */
#ifndef SIM_STATE_H
#define SIM_STATE_H

#include "sim/queue.h"
#include "sim/random.h"
#include "sim/world.h"

#define SIM_NONE    UINT32_MAX
#define SIM_KPIS    8     /* KPIs of a shape, at most */
#define SIM_RANKS   10000 /* a user's rank is below; steering moves the low ranks first */
#define SIM_STRATA  50    /* ranks are handed out so that these stay equally full */
#define SIM_TICKS   2160  /* kept: three hours at 5 s */
#define SIM_DROPS   4096  /* drops told one by one; the totals go on */
#define SIM_FOREVER INT64_MAX

enum sim_shape { SHAPE_AMF, SHAPE_SMF };
enum sim_segment { SEG_5G, SEG_4G, SEGMENTS };
enum sim_domain { SOURCE, TARGET, DOMAINS };
enum sim_vdu_kind { VDU_OMU, VDU_LB, VDU_SDB, VDU_SVC, VDUS };
enum sim_class { CLASS_FIRST, CLASS_NORMAL, CLASS_LAST, CLASS_NEVER, CLASSES }; /* by the selectors */

extern const char *const sim_segment_names[SEGMENTS]; /* "5g", "4g" */
extern const char *const sim_domain_names[DOMAINS];   /* "source", "target" */

struct sim_settings {
#define SETTING(name, value, least, most, help) int64_t name;
#include "sim/settings.def"
#undef SETTING
    enum sim_shape shape;
    enum ferry_mobility mobility;
    enum { CURVE_NIGHT, CURVE_CLOCK, CURVE_FLAT } curve;
    int64_t utc_offset_min;
    char nf[64], version[24], password[128];
    json_t *instances; /* NULL: the world has a cloud of its own */
    struct {
        char ref[96], digest[80];
    } image[VDUS];
};

/* ---- faults ---- */
enum sim_fault {
#define FAULT(name, shape, on, otherwise, usual, least, most, harms, help) FAULT_##name,
#include "sim/fault.def"
#undef FAULT
    FAULTS
};

enum sim_fault_shape { FAULT_IS_LEVEL, FAULT_IS_CALLS, FAULT_IS_BUILDS, FAULT_IS_MOMENT };
enum sim_fault_on { ON_NONE, ON_KPI, ON_PLACE, ON_VICTIM, ON_GUARD };

struct sim_fault_row {
    const char *name;
    enum sim_fault_shape shape;
    enum sim_fault_on on;
    int64_t otherwise, usual, least, most;
    bool harms;
    const char *help;
};

/* One fault that somebody asked for, or that chance drew. */
struct sim_trouble {
    enum sim_fault fault;
    int64_t value, permille;
    int64_t left;      /* how often it still bites; -1: not counted */
    int64_t at, until; /* until 0: until it is cleared. Until the clock starts: after its start */
    char on[48];       /* "": anything */
    char version[24];  /* target_...: "": any but the first */
    char verb[24];     /* "": any */
    uint32_t parts;    /* SIM_VIM | SIM_NF */
    bool again;        /* late_effect: the call is answered AGAIN, not given up */
    bool drawn;        /* by chance */
    bool over;
    int64_t hits;
    json_t *state; /* guard_changed */
};

struct sim_late { /* a call on its way to its effect */
    const struct sim_verb *verb;
    uint32_t part, attempt;
    uint64_t step, fence;
    char *run, *key;
    json_t *args;
    int64_t at;
    bool again, over;
};

/* ---- users ---- */
enum sim_user_state { USER_FREE, USER_ATTACHING, USER_ATTACHED };

struct sim_user {
    uint64_t id;            /* its SUPI's digits; a slot that is used again gets a new one */
    int64_t since;          /* on this instance */
    int64_t attached;       /* registered since */
    int64_t periodic;       /* T3512 or T3412 runs out */
    int64_t call_until;     /* in a call until then; SIM_FOREVER: a held call */
    uint32_t timer;         /* generation: a queued event of another one is stale */
    uint32_t next, prev;    /* on the same instance */
    uint32_t instance;      /* SIM_NONE while attaching */
    uint32_t home;          /* where it registered */
    uint32_t tick;          /* the tick that tried and failed speak of */
    uint16_t tried, failed; /* bit domain * SIM_KPIS + kpi */
    uint16_t rank;
    uint8_t state, segment, class, sessions, retries;
    uint8_t test; /* n of test-n; 0: an ordinary user */
    bool pinned;  /* to the target domain */
    bool leaving; /* on-idle: will move when its session is idle */
};

struct sim_hop {
    int64_t at;
    uint32_t instance;
    uint8_t domain;
};

struct sim_test {        /* a test subscriber, and its way through the instances */
    uint32_t user, peer; /* peer: slot of the subscriber it holds a call with */
    int64_t held_since;
    bool held, alive;
    struct sim_hop *hops;
    size_t hop_count, hop_room;
};

/* ---- instances ---- */
enum sim_instance_state { INST_RUNNING, INST_BUILDING, INST_ERROR, INST_REMOVED };
enum sim_build_why {
    BUILD_UPGRADE,
    BUILD_REPLACE,
    BUILD_RESTORE,
    BUILD_CREATE,
    BUILD_HEALING,
    BUILD_SCALING
};

struct sim_software {
    char image[96], digest[80], version[24];
};

struct sim_instance {
    char id[48], pair[16];
    char build_name[48];                    /* of somebody else's: another one is another build */
    struct sim_software runs, before, next; /* now; before the last build; being built */
    enum sim_instance_state state;
    enum sim_build_why why; /* of the build */
    uint8_t vdu;
    uint32_t host, mate; /* mate: SIM_NONE if not in a pair */
    bool active;         /* of its pair */
    bool admitted;       /* the NF lets users in */
    bool healed;         /* self-healing undid the last upgrade */
    bool failed;         /* the last build ended in error */
    bool died;           /* and did so because the instance crashed */
    bool hung;           /* the build under way never ends */
    bool sick;           /* runs, and does not get ready */
    bool both_down;      /* and so is its mate; told once */
    int64_t built_at;    /* end of the build under way */
    int64_t synced_at;   /* in sync from then on */
    uint32_t build;      /* generation */
    bool draining;
    int64_t drain_rate, drain_budget, drain_moved; /* budget in thousandths of a user */
    uint32_t users, head;
    int64_t sessions;
};

/* ---- counters ---- */
struct sim_count {
    uint32_t tried, failed;
};

struct sim_total { /* of a version, since the world began; excused: failures caused by the user */
    char version[24];
    int64_t attempts[SIM_KPIS], failed[SIM_KPIS], excused[SIM_KPIS];
};

struct sim_tick {
    int64_t end;
    uint32_t users[DOMAINS][SEGMENTS];
    struct sim_count kpi[DOMAINS][SIM_KPIS];
};

struct sim_kpi {
    const char *name;
    enum sim_segment segment;
    enum { KPI_ARRIVAL, KPI_PROCEDURE, KPI_TO_OTHER, KPI_PERIODIC } kind;
    double rate;                /* an hour */
    uint32_t fails, user_fails; /* in a million */
    struct {
        const char *attempts, *successes, *failures; /* measurements, by their 3GPP names */
    } exported;
};

struct sim_drop {
    int64_t at;
    uint64_t user;
    uint32_t instance;
    bool call;
    uint8_t test;
    const char *why;
};

/* Why users were dropped, as counted: each a member of the counters. */
enum sim_drop_why {
    DROP_UPGRADE,
    DROP_REMOVE,
    DROP_HEALING,
    DROP_SCALING,
    DROP_PAIR,
    DROP_STORAGE,
    DROP_RESTORE,
    DROP_NO_ROOM,
    DROP_DEATH,
    DROP_WHYS
};

struct sim_truth {
    int64_t dropped, dropped_why[DROP_WHYS];
    int64_t calls_dropped, held_dropped;
    int64_t disturbed;                /* made to register again */
    int64_t moved, idle_moved;        /* between instances */
    int64_t upgraded_under_sessions;  /* instances */
    int64_t upgraded_active;          /* of a pair, without a switchover */
    int64_t pairs_down, storage_down; /* both of a pair; no replica in sync */
    int64_t overloaded_ticks[DOMAINS];
    int64_t healing_interfered, scaling_interfered;
    int64_t builds, builds_failed;
    int64_t refused_fences;
    int64_t storage_least; /* replicas in sync, at the worst moment */
    int64_t deaths, target_deaths;
    int64_t both_down;                  /* of a pair, at the same time */
    int64_t below_demand_ticks;         /* all capacity together < all who want service */
    int64_t capacity_least[DOMAINS];    /* thousandths of the users there, at the worst tick */
    int64_t first_overload[DOMAINS];    /* end of that tick; 0: never */
    int64_t unserved_ms, unserved_most; /* users x time without service; users at the worst tick */
    int64_t late_landed, late_refused;
};

/* ---- operations: one for each idempotency key ---- */
enum sim_op_state { OP_NEW, OP_RUNNING, OP_DONE, OP_FAILED };

struct sim_op {
    char *key, *run;
    const struct sim_verb *verb;
    enum sim_op_state state;
    uint32_t attempt, index;
    int64_t effects; /* how often it began to act, in the attempt that did so most */
    int64_t begun;   /* in this attempt */
    int64_t started, due;
    int64_t done, total, moved;
    json_t *args, *result;
    uint32_t *instances;
    size_t count;
    bool superseded;
    enum ferry_failure failure;
    char message[384], hint[256];
    struct sim_op *next; /* in its bucket */
};

struct sim_fence {
    char *run;
    uint64_t fence, step;
};

struct sim_verb {
    const char *name;
    uint32_t parts; /* SIM_VIM | SIM_NF */
    /* observe only */
    void (*look)(struct sim_world *world, const json_t *args, struct sim_reply *reply);
    /* ensure: begin (may finish or refuse at once), look how far it is, and what happens when it is due */
    void (*start)(struct sim_world *world, struct sim_op *op);
    void (*poll)(struct sim_world *world, struct sim_op *op);
    void (*due)(struct sim_world *world, struct sim_op *op);
};

enum sim_guard { GUARD_HEALING, GUARD_SCALING, GUARD_ALARM_MARK, GUARD_CONFIG_FREEZE, GUARD_BACKUP, GUARDS };

struct sim_guard_state {
    json_t *state;
    json_t *prior;            /* given back when the lease ends */
    int64_t lease_until;      /* 0: no lease */
    int64_t renewed, expired; /* leases of it, ever */
};

struct sim_guard_change {
    int64_t at;
    enum sim_guard guard;
    json_t *state;
    char by[96]; /* the key, "lease", or "another hand" */
};

struct sim_alarm {
    const char *id, *severity, *text;
    int domain;     /* -1: both */
    int64_t raised; /* 0: not raised */
};

enum sim_alarm_kind {
    ALARM_OVERLOAD_SOURCE,
    ALARM_OVERLOAD_TARGET,
    ALARM_SIMPLEX,
    ALARM_PAIR_DOWN,
    ALARM_STORAGE,
    ALARM_INSTANCE,
    ALARMS
};

struct sim_backup {
    char id[32];
    int64_t at;
    json_t *software; /* image backups: {instance: {image,digest,version}} */
    bool data;
    int64_t dropped; /* users, until then */
};

/* ---- the world ---- */
enum sim_event_kind {
    EV_USER,
    EV_ARRIVAL,
    EV_TICK,
    EV_OP,
    EV_BUILT,
    EV_HEAL,
    EV_SCALE,
    EV_MOVE,
    EV_IDLE,
    EV_LEASE,
    EV_FAULT,
    EV_LATE,
    EV_DIES
};

struct sim_world {
    struct sim_settings set;
    int64_t fault[FAULTS];                  /* the level of each now */
    int64_t worse_kpi[SIM_KPIS], worse_all; /* in a million, on the version that is worse */
    char worse_version[24];                 /* "": any but the first */
    struct sim_trouble *troubles;
    uint32_t trouble_count;
    struct sim_late *late;
    uint32_t late_count;
    int64_t now, born; /* born: start of its clock */
    bool begun;
    uint32_t scale;
    struct sim_random random, traffic; /* operations; users */
    struct sim_random chance;          /* faults */
    struct sim_queue things, people;   /* events of the NF and cloud; events of users */

    struct sim_kpi kpi[SIM_KPIS];
    size_t kpi_count;
    double rate[SEGMENTS]; /* procedures and departures of one user an hour */

    struct sim_user *users;
    uint32_t user_count, user_room, free_user; /* free slots are linked by next */
    uint64_t next_id;
    uint32_t attached[DOMAINS][SEGMENTS];
    int64_t sessions[DOMAINS];
    int64_t strata[SEGMENTS][SIM_STRATA]; /* by the basis */
    uint32_t attaching;
    struct sim_test *tests;

    struct sim_instance *instances;
    uint32_t instance_count, instance_room;
    uint32_t svc_serial;
    struct sim_software blueprint[VDUS];
    int64_t capacity[DOMAINS];
    int64_t gap_until; /* signalling fails until then: a load balancer failed over */
    json_t *staged;    /* {ref: digest} */

    bool split;
    char versions[DOMAINS][24]; /* of the domains */
    enum sim_domain home;       /* the one domain while not split */
    json_t *loaded;             /* {version: true} */
    int64_t permille;
    json_t *selectors;
    uint16_t threshold[SEGMENTS][CLASSES]; /* a user of a lower rank belongs to the target */
    struct sim_op *steering;               /* the one in force, or NULL */
    int64_t steer_rate, steer_budget;
    uint32_t steer_cursor;
    bool rebalance[DOMAINS];
    bool mover_on;

    struct sim_guard_state guard[GUARDS];
    struct sim_guard_change *guard_changes;
    size_t guard_change_count;
    struct sim_alarm alarm[ALARMS];
    struct sim_backup *backups;
    size_t backup_count;

    struct sim_tick *ticks;
    uint64_t tick; /* number of the tick under way */
    struct sim_tick current;
    struct sim_total *totals;
    size_t total_count;

    struct sim_op **ops; /* in the order they came */
    uint32_t op_count, op_room;
    struct sim_op *bucket[256];
    struct sim_fence *fences;
    size_t fence_count;

    struct sim_truth truth;
    struct sim_drop *drops;
    size_t drop_count;
};

/* memory.c: these abort */
void *sim_alloc(size_t size);
void *sim_grow(void *old, size_t count, size_t size);
char *sim_strdup(const char *text);
void sim_copy(char *to, size_t room, const char *from); /* cut where it must be */

#endif
