/** The cache of the service worker that holds what was fetched on demand: parts of services, the map. */
export const ON_DEMAND = "on-demand";

/**
 * Keep for offline use what the page has fetched already: on a first visit that was before there was a service worker. `addresses` are those of
 * the page's resources.
 */
export async function keepFetched(addresses: readonly string[]): Promise<void> {
  const wanted = addresses.filter((address) => new URL(address).origin === location.origin && new URL(address).pathname.startsWith("/assets/"));
  const missing = await Promise.all(wanted.map(async (address) => ((await caches.match(address)) === undefined ? [address] : [])));
  await (await caches.open(ON_DEMAND)).addAll(missing.flat());
}
