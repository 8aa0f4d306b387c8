import "fake-indexeddb/auto";
import { beforeEach, expect, test, vi } from "vitest";
import { keyAmong, keyIdOf, makeKey, offer, offerMac, readTicket, sign, takeCounter, writePayload } from "../src/domains/commands/keys";
import { fromBase64url, toBase64url } from "../src/kit/bytes";
import vectors from "./command-vectors.json";

const COMMAND = {
  commandId: "00112233445566778899aabbccddeeff",
  vehicleId: vectors.vehicle_id,
  command: "unlock",
  args: {},
  keyId: vectors.key_id,
  counter: 7,
  challenge: "EBESExQVFhcYGRobHB0eHw",
  validMs: 15_000,
};
const ECDSA = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

// Node 20 has no `navigator`; a page without TLS has one that keeps no promise of storage.
beforeEach(() => void vi.stubGlobal("navigator", {}));

async function verified(spki: Uint8Array<ArrayBuffer>, payload: Uint8Array, signature: string): Promise<boolean> {
  const key = await crypto.subtle.importKey("spki", spki, ECDSA, false, ["verify"]);
  const statement = new Uint8Array([...new TextEncoder().encode("openmarque.command.v1\n"), ...payload]);
  return crypto.subtle.verify(ECDSA, key, fromBase64url(signature), statement);
}

function phone(key_id: string, state: "active" | "requested") {
  return { key_id, state, label: "", reason: "", requested_at: "", changed_at: "" };
}

test("a remote command is spelt as the car reads it, byte for byte", () => {
  expect(writePayload(COMMAND)).toBe(vectors.payload);
});

test("arguments are spelt in the order of their command, as the car reads them", () => {
  const remote = { ...COMMAND, command: "start_climate", args: vectors.arguments, counter: 8, validMs: 8_000 };
  expect(writePayload(remote)).toBe(vectors.payload_with_arguments);
});

test("a key's id and the proof that the car's secret was seen are those that the car reckons", async () => {
  const spki = fromBase64url(vectors.public_key);
  const ticket = { vehicleId: vectors.vehicle_id, secret: fromBase64url(vectors.secret) };
  expect(await keyIdOf(spki)).toBe(vectors.key_id);
  expect(toBase64url(await offerMac(ticket, spki))).toBe(vectors.mac);
});

test("what the car calls a signature is one here too", async () => {
  const payload = new TextEncoder().encode(vectors.payload);
  expect(await verified(fromBase64url(vectors.public_key), payload, vectors.signature)).toBe(true);
});

test("a phone signs the very bytes that it sends, with a key that nothing can take out of it", async () => {
  const key = await makeKey(vectors.vehicle_id);
  const signed = await sign(key, { ...COMMAND, keyId: key.keyId });
  expect(fromBase64url(signed.signature)).toHaveLength(64);
  expect(await verified(key.spki, fromBase64url(signed.payload), signed.signature)).toBe(true);
  expect(key.privateKey.extractable).toBe(false);
  await expect(crypto.subtle.exportKey("pkcs8", key.privateKey)).rejects.toThrow();
});

test("the offer of a key has the lengths that the platform asks for", async () => {
  const key = await makeKey("cc".repeat(16));
  const body = await offer(key, { vehicleId: "cc".repeat(16), secret: new Uint8Array(16) }, "Camille's phone");
  expect(body.mac).toHaveLength(43);
  expect(fromBase64url(body.public_key)).toHaveLength(91);
});

test("the key in force is the one that the car says it knows, not the newest that was made", async () => {
  const car = "aa".repeat(16);
  const first = await makeKey(car);
  const second = await makeKey(car);
  expect((await keyAmong(car, [phone(first.keyId, "active"), phone(second.keyId, "requested")]))?.keyId).toBe(first.keyId);
  expect((await keyAmong(car, [phone(second.keyId, "active")]))?.keyId).toBe(second.keyId);
  expect(await keyAmong(car, [])).toBeNull();
});

test("no two windows take the same number, and a number that the platform knows is passed over", async () => {
  const car = "bb".repeat(16);
  const key = await makeKey(car);
  const taken = await Promise.all(Array.from({ length: 8 }, () => takeCounter(car, key.keyId)));
  expect([...taken].sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await takeCounter(car, key.keyId, 41)).toBe(42);
  expect(await takeCounter(car, key.keyId)).toBe(43);
});

test("a link is a ticket only when it names a car and a whole secret", () => {
  const link = `#${vectors.vehicle_id}.${vectors.secret}`;
  expect(readTicket(link)).toEqual({ vehicleId: vectors.vehicle_id, secret: fromBase64url(vectors.secret) });
  for (const wrong of ["", "#", "#x", link.slice(0, -1), `${link}A`, link.replace(".", "/"), link.toUpperCase()]) {
    expect(readTicket(wrong)).toBeNull();
  }
});

test("a key that signed is kept however many were made after it in vain", async () => {
  const car = "dd".repeat(16);
  const first = await makeKey(car);
  await takeCounter(car, first.keyId);
  for (let made = 0; made < 6; made += 1) {
    await makeKey(car);
  }
  expect((await keyAmong(car, [phone(first.keyId, "active")]))?.keyId).toBe(first.keyId);
});

test("the browser is asked to keep a key when space runs short, and a key is made where it refuses or can't", async () => {
  const persist = vi.fn(() => Promise.reject(new Error("no")));
  vi.stubGlobal("navigator", { storage: { persist } });
  const first = await makeKey("dd".repeat(16));
  expect(persist).toHaveBeenCalledOnce();
  vi.stubGlobal("navigator", {});
  expect((await makeKey("dd".repeat(16))).keyId).not.toBe(first.keyId);
});
