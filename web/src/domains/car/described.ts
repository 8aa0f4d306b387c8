import { useQuery } from "@tanstack/react-query";
import { client, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { NOT_EQUIPPED, type WebService } from "../../kit/service";

export type Described = Schemas["DescribedServiceBody"];

/** Names of the declarations of a car that this app has no part for; those that the car is not built for are left out. */
export function unknownOf(services: readonly WebService[], standing: readonly Schemas["ServiceBody"][]): string[] {
  const known = new Set(services.flatMap((service) => service.declarations));
  return standing.filter((one) => !known.has(one.declaration) && one.reason !== NOT_EQUIPPED).map((one) => one.declaration);
}

/** The services of a car as their declarations describe them, in the person's language. */
export function useDescribed(vehicleId: string, isWanted: boolean) {
  const { language } = useTexts("car");
  return useQuery({
    queryKey: ["vehicles", vehicleId, "services", language],
    queryFn: async () => (await told(client.GET("/api/v1/vehicles/{vehicle_id}/services", { params: { path: { vehicle_id: vehicleId } } }))).items,
    enabled: isWanted,
  });
}
