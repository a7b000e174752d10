// Signs and verifies with the public library what standard input lists, for test_libraries.py.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const asked = JSON.parse(readFileSync(0, "utf8"));

const verified = asked.verify.map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers, { jsonParse: false });
    return true;
  } catch {
    return false;
  }
});
const signed = asked.sign.map(({ secret, id, timestamp, body }) =>
  new Webhook(secret).sign(id, new Date(timestamp * 1000), Buffer.from(body, "base64")),
);
console.log(JSON.stringify({ verified, signed }));
