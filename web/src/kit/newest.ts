import { useQuery } from "@tanstack/react-query";
import { client, told } from "./api";
import { type Signals, soAt } from "./signals";

/** The newest values of a car as the platform answers, and by how much its clock is ahead of this device's (ms). */
export interface Newest {
  signals: Signals;
  aheadMs: number;
}

/**
 * Asks for the newest values. The answer says a value's instant and its age, so that the ages that are shown are true also on a phone whose
 * clock is wrong.
 */
export function useNewest(vehicleId: string, options: { everyMs?: number; staleMs?: number } = {}) {
  return useQuery({
    queryKey: ["newest", vehicleId],
    queryFn: async (): Promise<Newest> => {
      const { signals } = await told(client.GET("/api/v1/vehicles/{vehicle_id}/status", { params: { path: { vehicle_id: vehicleId } } }));
      const aged = Object.values(signals).find((one) => one.age_s > 0);
      const aheadMs = aged === undefined ? 0 : soAt(aged) + aged.age_s * 1000 - Date.now();
      return { signals, aheadMs };
    },
    refetchInterval: options.everyMs ?? false,
    ...(options.staleMs === undefined ? {} : { staleTime: options.staleMs }),
  });
}
