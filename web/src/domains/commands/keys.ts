/**
 * The keys by which this browser is a phone of a car: made here, never out of here, one for each time that a car was asked to know it.
 * The bytes are those of `openmarque/protocol/commands.py`, which says why; `tests/keys.test.ts` holds both to the same vectors.
 */
import type { Schemas } from "../../kit/api";
import { fromBase64url, fromHex, toBase64url, toHex } from "../../kit/bytes";
import { askToStay, change, read } from "../../kit/stored";

const COMMAND_CONTEXT = "openmarque.command.v1\n";
const OFFER_CONTEXT = "openmarque.digital-key.v1\n";
const SECRET_BYTES = 16;
const KEY_ID_BYTES = 16;
/** How many keys of one car are kept that signed nothing yet: the one that the car just took, and those whose answer is still awaited. */
const KEPT = 4;

/** A key as this browser keeps it. `counter` is the last that a remote command was signed with. */
export interface DigitalKey {
  keyId: string;
  privateKey: CryptoKey;
  spki: Uint8Array<ArrayBuffer>;
  counter: number;
}

/** What a car's screen shows to one phone: for which car, and the secret that proves that somebody stood before the screen. */
export interface Ticket {
  vehicleId: string;
  secret: Uint8Array<ArrayBuffer>;
}

/** The arguments of a remote command, by name. */
export type Arguments = Readonly<Record<string, boolean | number | string>>;

/** What a remote command says. The order of these members is the spelling that is signed. */
export interface CommandContent {
  commandId: string;
  vehicleId: string;
  command: string;
  args: Arguments;
  keyId: string;
  counter: number;
  challenge: string;
  validMs: number;
}

/** The ticket in a link's fragment, `#{vehicle_id}.{secret}`; null for anything else. */
export function readTicket(fragment: string): Ticket | null {
  const found = /^#?([0-9a-f]{32})\.([A-Za-z0-9_-]{22})$/.exec(fragment);
  if (found?.[1] === undefined || found[2] === undefined) {
    return null;
  }
  const secret = fromBase64url(found[2]);
  return secret.length === SECRET_BYTES ? { vehicleId: found[1], secret } : null;
}

/** The id of a key: the first 16 bytes of SHA-256 over its SubjectPublicKeyInfo, in hex. */
export async function keyIdOf(spki: BufferSource): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", spki)).slice(0, KEY_ID_BYTES));
}

/** What proves to the car that whoever offers the key has seen the secret on its screen. */
export async function offerMac(ticket: Ticket, spki: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey("raw", ticket.secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const statement = joined(new TextEncoder().encode(OFFER_CONTEXT), fromHex(ticket.vehicleId), spki);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, statement));
}

/** The one spelling of a remote command: what `JSON.stringify` gives for its members in this order. */
export function writePayload(remote: CommandContent): string {
  return JSON.stringify({
    v: 1,
    command_id: remote.commandId,
    vehicle_id: remote.vehicleId,
    command: remote.command,
    arguments: remote.args,
    key_id: remote.keyId,
    counter: remote.counter,
    challenge: remote.challenge,
    valid_ms: remote.validMs,
  });
}

/** The command as its bytes and the phone's signature over them (ECDSA P-256, P1363), both base64url. */
export async function sign(key: DigitalKey, remote: CommandContent): Promise<{ payload: string; signature: string }> {
  const encoder = new TextEncoder();
  const payload = encoder.encode(writePayload(remote));
  const statement = joined(encoder.encode(COMMAND_CONTEXT), payload);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key.privateKey, statement);
  return { payload: toBase64url(payload), signature: toBase64url(new Uint8Array(signature)) };
}

/** Makes a key for the car and keeps it; it counts for nothing until the car has taken it. */
export async function makeKey(vehicleId: string): Promise<DigitalKey> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const made: DigitalKey = { keyId: await keyIdOf(spki), privateKey: pair.privateKey, spki, counter: 0 };
  await change<DigitalKey[]>("phone", place(vehicleId), (keys) => {
    const unused = [made, ...(keys ?? []).filter((key) => key.counter === 0)].slice(0, KEPT);
    return [...unused, ...(keys ?? []).filter((key) => key.counter > 0)];
  });
  askToStay();
  return made;
}

/** The body that offers `key` to the car of the ticket. */
export async function offer(key: DigitalKey, ticket: Ticket, label: string): Promise<Schemas["PhoneRequestBody"]> {
  return { public_key: toBase64url(key.spki), label, mac: toBase64url(await offerMac(ticket, key.spki)) };
}

/** The key of this browser that the car knows, by the list of the car's phones; null when there is none. */
export async function keyAmong(vehicleId: string, phones: readonly Schemas["PhoneBody"][]): Promise<DigitalKey | null> {
  const keys = (await read<DigitalKey[]>("phone", place(vehicleId))) ?? [];
  const active = new Set(phones.filter((phone) => phone.state === "active").map((phone) => phone.key_id));
  return keys.find((key) => active.has(key.keyId)) ?? null;
}

/** The next number for a remote command, above every number taken before and above `floor`. Kept before it is used, by one window at a time. */
export async function takeCounter(vehicleId: string, keyId: string, floor = 0): Promise<number> {
  const keys = await change<DigitalKey[]>("phone", place(vehicleId), (kept) =>
    (kept ?? []).map((key) => (key.keyId === keyId ? { ...key, counter: Math.max(key.counter, floor) + 1 } : key)),
  );
  const taken = keys.find((key) => key.keyId === keyId);
  if (taken === undefined) {
    throw new RangeError("this browser has no such key");
  }
  return taken.counter;
}

function place(vehicleId: string): string {
  return `keys.${vehicleId}`;
}

function joined(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
