// Restate as a peer: a handler that takes STEPS trivial durable steps; prints one JSON line of figures.
import * as http2 from "node:http2";
if (!Promise.withResolvers) Promise.withResolvers = () => { let resolve, reject; const promise = new Promise((a, b) => { resolve = a; reject = b; }); return { promise, resolve, reject }; };
const restate = await import("@restatedev/restate-sdk");
const { spawn } = await import("node:child_process");
const { mkdtempSync, rmSync, writeFileSync, readFileSync } = await import("node:fs");
const { tmpdir } = await import("node:os");
const { join } = await import("node:path");
const runs = Number(process.argv[2]), steps = Number(process.argv[3]);
const dir = mkdtempSync(join(tmpdir(), "restate-peer-"));
const service = restate.service({ name: "bench", handlers: { go: async (ctx, n) => { for (let i = 0; i < n; i++) await ctx.run("step", () => i); return n; } } });
const handler = restate.createEndpointHandler({ services: [service], logger: () => {} });
const endpoint = http2.createServer(handler).listen(9181, "127.0.0.1");
writeFileSync(join(dir, "restate.toml"), "default-num-partitions = 1\nauto-provision = true\nbind-address = \"127.0.0.1:5122\"\n[ingress]\nbind-address = \"127.0.0.1:8181\"\n[admin]\nbind-address = \"127.0.0.1:9171\"\n");
const server = spawn("node_modules/@restatedev/restate-server-linux-x64/bin/restate-server", ["--config-file", join(dir, "restate.toml"), "--base-dir", dir], { stdio: "ignore", env: { ...process.env, RUST_LOG: "error", DO_NOT_TRACK: "1", RESTATE_DISABLE_TELEMETRY: "true" } });
const pause = (ms) => new Promise((r) => setTimeout(r, ms));
const ask = async (url, options) => { for (let i = 0; ; i++) { try { const r = await fetch(url, options); if (r.ok) return await r.text(); if (i > 200) throw new Error(url + " " + r.status + await r.text()); } catch (e) { if (i > 200) throw e; } await pause(50); } };
const cpu = () => { const [u, s] = [process.cpuUsage(), readFileSync(`/proc/${server.pid}/stat`, "utf8").split(") ")[1].split(" ")]; return u.user + u.system + (Number(s[11]) + Number(s[12])) * 10000; };
try {
  await ask("http://127.0.0.1:9171/health");
  await ask("http://127.0.0.1:9171/deployments", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ uri: "http://127.0.0.1:9181", force: true }) });
  const go = () => ask("http://127.0.0.1:8181/bench/go", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(steps) });
  await go();
  const cpu0 = cpu(), t0 = process.hrtime.bigint();
  await Promise.all(Array.from({ length: runs }, go));
  const seconds = Number(process.hrtime.bigint() - t0) / 1e9;
  console.log(JSON.stringify({ peer: "restate", runs, steps, seconds, steps_per_s: runs * steps / seconds, cpu_us_per_step: (cpu() - cpu0) / (runs * steps) }));
} finally { server.kill("SIGKILL"); endpoint.close(); rmSync(dir, { recursive: true, force: true }); process.exit(0); }
