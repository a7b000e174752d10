// An agency's system in one file: takes signed webhooks, answers each new order. Node 20 or newer.
//
//   npm ci                                  brings `standardwebhooks`, nothing else
//   export WHISTLE_HOOK_SECRET=whsec_…      shown when the endpoint was registered; two, parted by
//                                           a blank, while you rotate
//   export WHISTLE_KEY=whk_…                the agency's API key
//   export WHISTLE_AGENCY=street-110105001  the agency's code
//   node receiver.mjs
//
// Optional: WHISTLE_INTAKE_URL, PORT (0 takes a free one), INBOX (the file that remembers what came),
// RETURNS (codes of categories that aren't yours, parted by blanks).
//
// A real system differs in the places marked with "Yours".

import { fdatasyncSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { Webhook } from "standardwebhooks";

const { env } = process;
const required = (name) => env[name] ?? fail(`${name} is missing`);
const words = (text) => text.split(/\s+/).filter(Boolean);
const fail = (why) => { console.error(why); process.exit(2); };

const BODY_BYTES_MAX = 1_000_000; // Larger bodies are not ours: they have a few KB.
// The city takes a moment to know its own order. After this an unknown one isn't ours.
const UNKNOWN_WITHIN_MS = 600_000;
const PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 60_000;

const SECRETS = words(required("WHISTLE_HOOK_SECRET")).map((secret) => new Webhook(secret));
const KEY = required("WHISTLE_KEY");
const AGENCY = required("WHISTLE_AGENCY");
const INTAKE_URL = (env.WHISTLE_INTAKE_URL ?? "http://127.0.0.1:8081").replace(/\/+$/, "");
const RETURNS = words(env.RETURNS ?? "");

// Whether a request is from the city, at most five minutes old, and unchanged. Over the bytes that
// came: a body that was parsed and written again has another signature.
function isGenuine(headers, body) {
  return SECRETS.some((secret) => {
    try {
      secret.verify(body, headers, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  });
}

// What has come: on disk before it is answered, and known again by its `webhook-id`. A line an
// entry: an event that came, or the id of one that is settled. Yours: a table of your database.
class Inbox {
  known = new Set(); // Every id that came.
  open = new Map(); // By id: what is still to be done, in the order in which it came.
  arrived = deferred();

  constructor(file) {
    const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
    for (const line of lines) {
      try {
        const { id, body, cameAt } = JSON.parse(line);
        this.known.add(id);
        if (body === undefined) this.open.delete(id);
        else this.open.set(id, { body, cameAt });
      } catch {
        // The power failed in the middle of a line; what it held was never answered.
      }
    }
    this.file = openSync(file, "a");
    writeSync(this.file, "\n");
  }

  keep(id, body) {
    if (this.known.has(id)) return;
    const entry = { body, cameAt: Date.now() };
    this.write({ id, ...entry });
    this.known.add(id);
    this.open.set(id, entry);
    this.arrived.resolve();
  }

  settle(id, state) {
    this.write({ id, state });
    this.open.delete(id);
  }

  write(entry) {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
    fdatasyncSync(this.file);
  }
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => { made.resolve = resolve; });
  return made;
}

const inbox = new Inbox(env.INBOX ?? "inbox.ndjson");

// Takes webhooks: verify, keep, answer. The work comes afterwards; a slow answer is a failure.
async function take(request, response) {
  const answer = (status) => response.writeHead(status, { "content-length": 0 }).end();
  if (request.method !== "POST") return answer(405);
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) {
      response.writeHead(413, { "content-length": 0, connection: "close" }).end();
      return request.destroy();
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (!isGenuine(request.headers, body)) return answer(401);
  inbox.keep(request.headers["webhook-id"], body.toString());
  return answer(204); // Also for a repetition: it is here, that is all that was asked.
}

class Later extends Error {} // The city can't take a report now; the event stays open.
class Refused extends Error {} // It doesn't want it, now or later.

// Works off what has come, again and again until it is done, also after a restart.
async function work() {
  let pauseMs = PAUSE_MS;
  for (;;) {
    inbox.arrived = deferred();
    let isDone = true;
    for (const [id, { body, cameAt }] of [...inbox.open]) {
      try {
        await handle(JSON.parse(body), Date.now() - cameAt < UNKNOWN_WITHIN_MS);
        inbox.settle(id, "done");
      } catch (error) {
        if (error instanceof Later) {
          isDone = false;
        } else {
          console.error(`given up: ${error}`); // The next one must not wait for this one.
          inbox.settle(id, "given up"); // Yours: somebody looks at these.
        }
      }
    }
    pauseMs = isDone ? PAUSE_MS : Math.min(2 * pauseMs, PAUSE_MS_MAX);
    await (isDone ? inbox.arrived.promise : Promise.race([inbox.arrived.promise, pause(pauseMs)]));
  }
}

// Does what an event asks for. Types that aren't known are passed over: there will be new ones.
async function handle(event, isNew) {
  const order = event.data;
  // Another agency's order is a copy, for you to know.
  if (event.type !== "whistle.OrderDispatched" || order.agency !== AGENCY) return;
  console.log(`order ${order.order_id} (${order.matter.number}), due ${order.due_at}`);
  // Yours: whether it is yours, and who goes and looks. This example is unreasonably fast.
  if (RETURNS.includes(order.matter.category)) {
    await report(order.order_id, isNew, "return", "不属于我单位职责，请改派。");
    return;
  }
  await report(order.order_id, isNew, "sign");
  await report(order.order_id, isNew, "contact");
  await report(order.order_id, isNew, "resolve", "已到现场处理，恢复正常。");
}

// Tells the city what was done with an order. The Idempotency-Key makes the same report again
// harmless: after a crash, or where it was taken and the answer got lost.
async function report(orderId, isNew, action, note) {
  let answer;
  try {
    answer = await fetch(`${INTAKE_URL}/v1/orders/${orderId}/actions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${KEY}`,
        "idempotency-key": `${orderId}/${action}`,
      },
      body: JSON.stringify({ action, note }),
      redirect: "error",
      signal: AbortSignal.timeout(15_000),
    });
  } catch {
    console.log(`  ${action}: the city can't be reached, later`);
    throw new Later();
  }
  const said = await answer.text();
  if (answer.ok) {
    console.log(`  ${action}: taken`);
    return;
  }
  const { status } = answer;
  if ([429, 500, 502, 503, 504].includes(status) || (status === 404 && isNew)) {
    console.log(`  ${action}: ${status}, later`);
    throw new Later();
  }
  throw new Refused(`${action} of ${orderId}: ${status} ${said}`);
}

const server = createServer((request, response) => {
  take(request, response).catch(() => response.destroy()); // Whoever called is gone.
});
server.requestTimeout = 15_000;
server.listen(Number(env.PORT ?? 9000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
  work();
});
