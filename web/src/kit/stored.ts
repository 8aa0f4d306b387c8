/** A small store of values in IndexedDB: keys that can't be exported live here, and what was last known of the cars. */

const DATABASE = "openmarque";
const STORES = ["phone", "cache"] as const;
/** What a transaction says whose connection has ended. */
const ENDED = ["InvalidStateError", "UnknownError", "AbortError"];
export type Store = (typeof STORES)[number];

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
    request.onsuccess = () => {
      request.result.onclose = () => (opened = null);
      resolve(request.result);
    };
    request.onerror = () => {
      opened = null;
      reject(request.error ?? new Error("IndexedDB can't be opened"));
    };
  });
  return opened;
}

/**
 * The result of `work`. Browsers end the connection of a page that was put away (WebKit), and some tell only the next transaction so: then it is
 * done once more on a new one, which does no harm to anything below.
 */
async function using<T>(work: (database: IDBDatabase) => Promise<T>): Promise<T> {
  const database = await open();
  try {
    return await work(database);
  } catch (error) {
    if (!(error instanceof DOMException && ENDED.includes(error.name))) {
      throw error;
    }
    opened = null;
    return work(await open());
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

/** What is kept under `key`; undefined when there is nothing. */
export async function read<T>(store: Store, key: string): Promise<T | undefined> {
  return using((database) => done(database.transaction(store).objectStore(store).get(key) as IDBRequest<T | undefined>));
}

/** Keep `value`; returns once it is on disk. */
export async function write(store: Store, key: string, value: unknown): Promise<void> {
  await change(store, key, () => value);
}

/** Read, change and keep a value in one transaction, so that two open pages never take the same number. */
export async function change<T>(store: Store, key: string, update: (value: T | undefined) => T): Promise<T> {
  return using(async (database) => {
    const transaction = database.transaction(store, "readwrite", { durability: "strict" });
    const values = transaction.objectStore(store);
    const next = update(await done(values.get(key) as IDBRequest<T | undefined>));
    values.put(next, key);
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB failed"));
    });
    return next;
  });
}

/** Ask the browser to keep all of this when space runs short; some never do, some ask the person. Nobody waits for its answer. */
export function askToStay(): void {
  // Pages without TLS have no such thing, whatever TypeScript's library says.
  const storage = navigator.storage as StorageManager | undefined;
  void storage?.persist().catch(() => undefined);
}

export async function remove(store: Store, key: string): Promise<void> {
  await using((database) => done(database.transaction(store, "readwrite").objectStore(store).delete(key)));
}
