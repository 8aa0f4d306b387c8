import { useQuery } from "@tanstack/react-query";
import { client, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";

export type Vehicle = Schemas["VehicleBody"];
export type VehicleDetail = Schemas["VehicleDetailBody"];

/** Every car of the garage; pages are fetched until there are no more. */
export function useCars() {
  return useQuery({
    queryKey: ["vehicles"],
    queryFn: async () => {
      const cars: Vehicle[] = [];
      let cursor: string | undefined;
      do {
        const page = await told(client.GET("/api/v1/vehicles", { params: { query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) } } }));
        cars.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return cars.sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
    },
  });
}

/** One car with its services and its privacy level; reasons and cures in the person's language. */
export function useCar(vehicleId: string, options: { enabled?: boolean; everyMs?: number } = {}) {
  const { language } = useTexts("garage");
  return useQuery({
    queryKey: ["vehicles", vehicleId, "detail", language],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}", { params: { path: { vehicle_id: vehicleId } } })),
    enabled: options.enabled ?? true,
    refetchInterval: options.everyMs ?? false,
  });
}

/** What a car is called: the owner's name for it, else its model. */
export function nameOf(car: Pick<Vehicle, "name" | "model">): string {
  return car.name ?? car.model.name;
}

/** A car's name and, where that is not its name, its model: what a page about it says below its title. */
export function fullNameOf(car: Pick<Vehicle, "name" | "model">): string {
  return car.name === null ? car.model.name : `${car.name} · ${car.model.name}`;
}

/** Codes that wait to be typed in a car. */
export function usePairings() {
  return useQuery({ queryKey: ["pairings"], queryFn: () => told(client.GET("/api/v1/pairings")) });
}
